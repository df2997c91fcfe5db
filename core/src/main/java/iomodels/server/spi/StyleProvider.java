package iomodels.server.spi;

import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * The programs in one style; found by {@link ServiceLoader}, declared in a {@code module-info}. To
 * make one is cheap and touches nothing. Safe for use by several threads.
 */
public interface StyleProvider {

  /** What it is called, such as {@code vertx}: short and stable, the command line's argument. */
  String style();

  /** What it is to write in this style, in a sentence without a full stop. */
  String summary();

  /** The programs that are written in it. */
  List<Page> pages();

  /** As of {@link ServerProvider#nativeModules}. */
  default List<String> nativeModules() {
    return List.of();
  }

  /** The page of that program, if there is one. */
  default Optional<Page> page(Program program) {
    return pages().stream().filter(it -> it.program().equals(program)).findFirst();
  }

  /**
   * A program in a style: one class, which can be read and copied.
   *
   * @param program what it does
   * @param source where it is written
   * @param threads what threads it has, in a few words
   * @param starter starts it
   */
  record Page(Program program, Class<?> source, String threads, Starter starter) {}

  /** Starts a program. */
  @FunctionalInterface
  interface Starter {

    /**
     * Starts it.
     *
     * @return when it is bound and listening
     * @throws IOException if it cannot be: the port is in use, …
     */
    Server start(ProgramConfig config) throws IOException;
  }

  /** Every one on the module path, by name. */
  static List<StyleProvider> installed() {
    return ServiceLoader.load(StyleProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparing(StyleProvider::style))
        .toList();
  }

  /** The one of that name, if it is on the module path. */
  static Optional<StyleProvider> named(String style) {
    return installed().stream().filter(it -> it.style().equals(style)).findFirst();
  }
}
