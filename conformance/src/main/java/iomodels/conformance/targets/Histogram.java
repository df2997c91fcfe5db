package iomodels.conformance.targets;

import iomodels.process.TemporaryFolder;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What lives on the heap of another JVM, as {@code jcmd PID GC.class_histogram} has it. */
final class Histogram {

  /** Rank, instances, bytes, class. */
  private static final Pattern LINE = Pattern.compile("\\s*\\d+:\\s+(\\d+)\\s+\\d+\\s+(\\S+).*");

  private static final long LIMIT_SECONDS = 20;

  private Histogram() {}

  /**
   * How many objects there are that something refers to, of the classes and lambdas within one.
   * Empty if there is no {@code jcmd}, or it does not tell.
   */
  static OptionalLong objects(ProcessHandle process, Class<?> outer)
      throws IOException, InterruptedException {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    if (!Files.isExecutable(jcmd)) {
      return OptionalLong.empty();
    }
    try (TemporaryFolder folder = TemporaryFolder.create("histogram")) {
      Path file = folder.resolve("histogram.txt");
      Process told =
          new ProcessBuilder(jcmd.toString(), String.valueOf(process.pid()), "GC.class_histogram")
              .redirectErrorStream(true)
              .redirectOutput(file.toFile())
              .start();
      if (!told.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        told.destroyForcibly();
        return OptionalLong.empty();
      }
      return told.exitValue() == 0 ? OptionalLong.of(count(file, outer)) : OptionalLong.empty();
    }
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
