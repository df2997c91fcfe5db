package iomodels.process;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Options for the JVMs that we start. */
public final class JavaOptions {

  /**
   * For every JVM. Out of memory, it says so and exits at once, instead of collecting garbage for
   * ever. Its messages and the warnings of its log go to stderr, where they cannot be mistaken for
   * the output of the program; that it has no ahead-of-time cache is not worth a warning.
   */
  public static final List<String> COMMON =
      List.of(
          "-XX:+ExitOnOutOfMemoryError",
          "-XX:+DisplayVMOutputToStderr",
          "-Xlog:disable",
          "-Xlog:all=warning:stderr",
          "-Xlog:aot*=off:stderr");

  private static final List<String> FROM_ENVIRONMENT =
      List.of("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS");

  /** A collector, or a file with options, which may name one. */
  private static final Pattern COLLECTOR =
      Pattern.compile("-XX:\\+Use\\w+GC\\b|@|-XX:(Flags|VMOptionsFile)=");

  private JavaOptions() {}

  /**
   * The serial collector, which has no threads of its own; nothing if the environment chooses a
   * collector, since a JVM that is told of two does not start.
   */
  public static List<String> serialCollector() {
    return serialCollector(System.getenv());
  }

  static List<String> serialCollector(Map<String, String> environment) {
    boolean chosen =
        FROM_ENVIRONMENT.stream()
            .flatMap(it -> Stream.ofNullable(environment.get(it)))
            .anyMatch(it -> COLLECTOR.matcher(it).find());
    return chosen ? List.of() : List.of("-XX:+UseSerialGC");
  }
}
