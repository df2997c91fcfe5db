package iomodels.examples;

import iomodels.server.spi.ServerProvider;
import java.util.List;

/**
 * A server as a framework's documentation writes it. It serves {@code upper} over TCP, whatever it
 * is asked for.
 *
 * @param name the framework's, such as {@code vertx}; the server's own is {@code example-vertx}
 * @param broken the rules that it breaks every time, whichever machine it runs on
 * @param provider starts it; not found by {@link java.util.ServiceLoader}, being no model
 */
public record Example(String name, List<String> broken, ServerProvider provider) {}
