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
 * A programming style, and the programs that are written in it. {@link ServiceLoader} finds a
 * provider by its declaration in a {@code module-info}. The constructor has no side effects: it
 * opens no socket, starts no thread, and loads no native library. Safe for use by several threads.
 */
public interface StyleProvider {

  /** A short, stable name, such as {@code vertx}; the argument on the command line. */
  String style();

  /** A description of the style: one sentence without a full stop. */
  String summary();

  /** The programs that are written in this style. */
  List<Page> pages();

  /** See {@link ServerProvider#nativeModules}. */
  default List<String> nativeModules() {
    return List.of();
  }

  /** Finds the page of a program; empty if the style does not implement that program. */
  default Optional<Page> page(Program program) {
    return pages().stream().filter(it -> it.program().equals(program)).findFirst();
  }

  /**
   * A program in this style.
   *
   * @param program the program
   * @param source the class that implements it; its source is shown to readers
   * @param threads the threads that it uses, in a few words
   * @param starter starts it
   */
  record Page(Program program, Class<?> source, String threads, Starter starter) {}

  /** Starts a program. */
  @FunctionalInterface
  interface Starter {

    /**
     * Starts the program. Returns when the program is bound and listening.
     *
     * @throws IOException if the port is in use, the upstream is the program itself, or the system
     *     has no thread or descriptor left
     */
    Server start(ProgramConfig config) throws IOException;
  }

  /** All styles on the module path, sorted by name. */
  static List<StyleProvider> installed() {
    return ServiceLoader.load(StyleProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparing(StyleProvider::style))
        .toList();
  }

  /** Finds a style by its name. */
  static Optional<StyleProvider> named(String style) {
    return installed().stream().filter(it -> it.style().equals(style)).findFirst();
  }
}
