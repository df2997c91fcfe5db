package iomodels.lab.bench;

/**
 * A server to be measured, before it is started.
 *
 * @param name of a model, an example or a yardstick, as {@link Servers} starts it
 * @param twin the yardstick in C of the same model, such as {@code c-poll}
 * @param connections the most connections that it serves at a time
 * @param datagrams whether it serves over UDP
 */
public record ServerSpec(String name, String twin, int connections, boolean datagrams) {}
