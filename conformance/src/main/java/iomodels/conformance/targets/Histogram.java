package iomodels.conformance.targets;

import iomodels.process.TemporaryFolder;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The class histogram of another JVM's heap, from {@code jcmd PID GC.class_histogram}. */
final class Histogram {

  private static final Path JCMD = Path.of(System.getProperty("java.home"), "bin", "jcmd");

  /** Rank, instances, bytes, class. */
  private static final Pattern LINE = Pattern.compile("\\s*\\d+:\\s+(\\d+)\\s+\\d+\\s+(\\S+).*");

  private static final long TIMEOUT_SECONDS = 20;

  private Histogram() {}

  /** Returns whether this JVM has a {@code jcmd}: a runtime image may lack it. */
  static boolean isAvailable() {
    return Files.isExecutable(JCMD);
  }

  /**
   * Counts the reachable objects of the classes and lambdas that are nested in a class. Empty if
   * jcmd fails, or does not end in time.
   */
  static OptionalLong reachableObjects(ProcessHandle process, Class<?> outer)
      throws IOException, InterruptedException {
    try (TemporaryFolder folder = TemporaryFolder.create("histogram")) {
      Path file = folder.resolve("histogram.txt");
      Process jcmd =
          new ProcessBuilder(command(process.pid()))
              .redirectErrorStream(true)
              .redirectOutput(file.toFile())
              .start();
      try {
        return jcmd.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS) && jcmd.exitValue() == 0
            ? OptionalLong.of(count(file, outer))
            : OptionalLong.empty();
      } finally {
        jcmd.destroyForcibly();
      }
    }
  }

  /** Starts jcmd's own JVM with as few threads as possible, since it lives for a moment only. */
  private static List<String> command(long pid) {
    return List.of(
        JCMD.toString(),
        "-J-XX:+UseSerialGC",
        "-J-XX:TieredStopAtLevel=1",
        String.valueOf(pid),
        "GC.class_histogram");
  }

  private static long count(Path file, Class<?> outer) throws IOException {
    try (Stream<String> lines = Files.lines(file, Charset.defaultCharset())) {
      return lines
          .map(LINE::matcher)
          .filter(Matcher::matches)
          .filter(it -> it.group(2).startsWith(outer.getName() + "$"))
          .mapToLong(it -> Long.parseLong(it.group(1)))
          .sum();
    }
  }
}
