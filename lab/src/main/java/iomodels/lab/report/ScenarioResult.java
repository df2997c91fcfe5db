package iomodels.lab.report;

import java.util.List;

/**
 * What one scenario found, of all servers that were asked for.
 *
 * @param name such as {@code ping-50}
 * @param words what was asked of the servers
 * @param roundMillis how long a round was
 * @param rounds how many counted
 * @param jvmFlags what the models' JVMs were given besides
 * @param servers a row each
 */
public record ScenarioResult(
    String name,
    String words,
    long roundMillis,
    int rounds,
    List<String> jvmFlags,
    List<ServerResult> servers) {}
