package iomodels.examples;

import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.server.spi.StyleProvider;
import iomodels.server.spi.StyleProvider.Page;
import java.util.List;

/** The program {@code http} as the documentation of each framework shows an HTTP server. */
public final class HttpExamples {

  private static final List<ProgramExample> ALL =
      List.of(
          example(
              "vertx",
              "Vert.x: one handler of requests",
              new Page(
                  Programs.HTTP, VertxHttpExample.class, "one event loop", VertxHttpExample::serve),
              List.of("io.netty.common"),
              List.of(
                  "15.06", "15.16", "15.26", "15.27", "15.28", "15.34", "15.37", "15.39", "15.40",
                  "15.42")),
          example(
              "reactor-netty",
              "Reactor Netty: routes, whose answers are publishers",
              new Page(
                  Programs.HTTP,
                  ReactorNettyHttpExample.class,
                  "event loops",
                  ReactorNettyHttpExample::serve),
              List.of("io.netty.common"),
              List.of(
                  "15.06", "15.08", "15.16", "15.27", "15.28", "15.30", "15.33", "15.34", "15.35",
                  "15.37")),
          example(
              "jdk",
              "The JDK's HttpServer: a handler, and a virtual thread for each exchange",
              new Page(
                  Programs.HTTP,
                  JdkHttpExample.class,
                  "one, and a virtual one per exchange",
                  JdkHttpExample::serve),
              List.of(),
              List.of(
                  "15.03", "15.04", "15.05", "15.06", "15.11", "15.12", "15.13", "15.17", "15.21",
                  "15.26", "15.28", "15.31", "15.37", "15.42")));

  private HttpExamples() {}

  /** Returns all examples. */
  public static List<ProgramExample> all() {
    return ALL;
  }

  /** Returns the examples of a program; only {@code http} has any. */
  public static List<ProgramExample> of(Program program) {
    return program.equals(Programs.HTTP) ? ALL : List.of();
  }

  private static ProgramExample example(
      String framework,
      String summary,
      Page page,
      List<String> nativeModules,
      List<String> broken) {
    StyleProvider style =
        new Style(Examples.PREFIX + framework, summary, List.of(page), nativeModules);
    return new ProgramExample(framework, broken, style);
  }

  private record Style(String style, String summary, List<Page> pages, List<String> nativeModules)
      implements StyleProvider {}
}
