package iomodels.examples;

import iomodels.server.spi.ServerProvider;
import java.util.List;

/**
 * A server written as in the documentation of a framework. It serves {@code upper} over TCP,
 * whichever service is requested.
 *
 * @param name name of the framework, such as {@code vertx}; the server is {@code example-vertx}
 * @param broken ids of the rules that it breaks in every run, on every machine
 * @param provider starts the server; {@link java.util.ServiceLoader} does not find it, since it is
 *     not a model
 */
public record Example(String name, List<String> broken, ServerProvider provider) {}
