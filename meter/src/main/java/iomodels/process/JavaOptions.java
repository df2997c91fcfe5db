package iomodels.process;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Options for the JVMs that this program starts. */
public final class JavaOptions {

  /**
   * Options for every JVM. If it runs out of memory, it prints an error and exits at once, instead
   * of collecting garbage without end. Its messages and log warnings go to stderr, so that they do
   * not mix with the program's output. A missing ahead-of-time cache causes no warning.
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

  /** An option that chooses a collector, or a file with options, which may choose one. */
  private static final Pattern COLLECTOR =
      Pattern.compile("-XX:\\+Use\\w+GC\\b|@|-XX:(Flags|VMOptionsFile)=");

  private JavaOptions() {}

  /**
   * The option for the serial collector, which has no threads of its own. Empty if the environment
   * chooses a collector, since a JVM does not start if two are chosen.
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
