package iomodels.lab.bench;

/**
 * A server that is to be measured.
 *
 * @param name of a model, an example or a yardstick, as {@link iomodels.lab.Servers} starts it
 * @param twin the yardstick that does the same in C, such as {@code c-poll}
 * @param connections how many it serves at a time, at most
 * @param datagrams whether it serves over UDP
 */
public record Candidate(String name, String twin, int connections, boolean datagrams) {}
