package iomodels.lab.report;

import java.util.List;

/**
 * The results of one scenario.
 *
 * @param name such as {@code ping-50}
 * @param words a description of the scenario
 * @param roundMillis length of a round
 * @param rounds number of measured rounds
 * @param jvmFlags additional flags of the models' JVMs
 * @param servers one row per server
 */
public record ScenarioResult(
    String name,
    String words,
    long roundMillis,
    int rounds,
    List<String> jvmFlags,
    List<ServerResult> servers) {}
