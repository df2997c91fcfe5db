package iomodels.examples;

import iomodels.server.spi.StyleProvider;
import java.util.List;

/**
 * A program written as in the documentation of a framework, or of the JDK.
 *
 * @param name name of the framework, such as {@code vertx}; the style is {@code example-vertx}
 * @param broken ids of the rules that it breaks in every run, on every machine
 * @param style starts the program; {@link java.util.ServiceLoader} does not find it, since it is
 *     not a style
 */
public record ProgramExample(String name, List<String> broken, StyleProvider style) {}
