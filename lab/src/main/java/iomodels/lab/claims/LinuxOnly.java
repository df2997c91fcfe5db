package iomodels.lab.claims;

import iomodels.lab.report.Chart;
import iomodels.lab.report.Chart.Axis;
import iomodels.lab.report.Chart.Mark;
import iomodels.lab.report.Chart.Point;
import iomodels.lab.report.Chart.Series;
import iomodels.lab.report.ClaimResult.Verdict;
import iomodels.process.TemporaryFolder;
import java.io.IOException;
import java.nio.channels.Selector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Tests whether a program that uses poll depends on Linux. */
final class LinuxOnly implements Experiment {

  private static final int SECONDS = 60;

  /** Permits ISO C and POSIX.1-2001 only. A program with another call must not compile. */
  private static final List<String> PORTABLE =
      List.of(
          "cc", "-std=c99", "-pedantic-errors", "-Werror", "-D_POSIX_C_SOURCE=200112L", "-c", "-o");

  /** A control: if it does not compile, all headers are missing. */
  private static final String NOTHING =
      """
      #include <unistd.h>
      int main(void) { return getpid() == 0; }
      """;

  private static final String POLL =
      """
      #include <poll.h>
      int main(void) { struct pollfd one = {0, POLLIN, 0}; return poll(&one, 1, 0); }
      """;

  private static final String POLL_OF_LINUX =
      """
      #include <poll.h>
      int main(void) { struct pollfd one = {0, POLLIN, 0}; return ppoll(&one, 1, 0, 0); }
      """;

  @Override
  public String id() {
    return "linux-only";
  }

  @Override
  public String claim() {
    return "Poll and epoll exist only on Linux.";
  }

  @Override
  public String words() {
    return "A program that uses poll is compiled with only ISO C and POSIX.1-2001 visible. As"
        + " controls, a program without poll must compile, and a program with ppoll must"
        + " not. Other systems cannot be tested on this machine; the finding cites their"
        + " documentation.";
  }

  @Override
  public Finding run(Laboratory laboratory) throws IOException, InterruptedException {
    if (!compiles(NOTHING)) {
      throw new IOException("cc has no C library to compile with (Debian: libc6-dev)");
    }
    boolean poll = compiles(POLL);
    boolean control = compiles(POLL_OF_LINUX);
    String selector;
    try (Selector opened = Selector.open()) {
      selector = opened.getClass().getSimpleName();
    }
    String words =
        ("A program with poll %s with only POSIX.1-2001 visible (the control %s). The standard"
             + " includes poll, so macOS and the BSDs have it; Windows has WSAPoll. epoll exists"
             + " only on Linux (man 7 epoll, STANDARDS); other systems have kqueue or completion"
             + " ports. So the claim holds for epoll only. Java's Selector is %s on this machine.")
            .formatted(
                poll ? "compiles" : "does not compile",
                control ? "compiles too" : "does not compile",
                selector);
    return new Finding(verdict(poll, control), words, List.of(chart(poll, control)));
  }

  private static Chart chart(boolean poll, boolean control) {
    return new Chart(
        "Programs that compile with only POSIX.1-2001 visible (1: it compiles)",
        Axis.of("", List.of("with neither call", "with poll", "with ppoll, which is newer")),
        Axis.linear("compiles"),
        List.of(
            new Series(
                "compiles",
                Mark.BARS,
                List.of(Point.of(0, 1), Point.of(1, poll ? 1 : 0), Point.of(2, control ? 1 : 0)))));
  }

  static Verdict verdict(boolean poll, boolean control) {
    if (control) {
      return Verdict.UNDECIDED;
    }
    return poll ? Verdict.HOLDS_WHEN : Verdict.HOLDS;
  }

  private static boolean compiles(String program) throws IOException, InterruptedException {
    try (TemporaryFolder folder = TemporaryFolder.create("posix")) {
      Path source = Files.writeString(folder.resolve("program.c"), program);
      Path object = folder.resolve("program.o");
      List<String> command = new ArrayList<>(PORTABLE);
      command.addAll(List.of(object.toString(), source.toString()));
      Process compiler = start(command);
      if (!compiler.waitFor(SECONDS, TimeUnit.SECONDS)) {
        compiler.destroyForcibly();
        throw new IOException("cc did not finish");
      }
      return compiler.exitValue() == 0;
    }
  }

  private static Process start(List<String> command) throws IOException {
    try {
      return new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      throw new IOException("no C compiler (cc) found", e);
    }
  }
}
