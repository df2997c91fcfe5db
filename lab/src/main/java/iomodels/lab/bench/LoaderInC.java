package iomodels.lab.bench;

import iomodels.lab.load.Load;
import iomodels.lab.load.LoadGenerator;
import iomodels.process.ChildProcesses;
import iomodels.process.OutputLines;
import iomodels.process.TemporaryFolder;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A load generator in plain C that {@link LoadGenerator} is compared with: TCP, closed loop, every
 * byte verified. It is compiled when it is started. For use by one thread.
 */
public final class LoaderInC implements AutoCloseable {

  private final Process process;
  private final BufferedWriter commands;
  private final BufferedReader answers;

  private LoaderInC(Process process) {
    this.process = process;
    commands = process.outputWriter();
    answers = process.inputReader();
  }

  /**
   * The result of a round.
   *
   * @param messages number of replies
   * @param cpu processor time of the load generator
   * @param p50 the median latency
   * @param p99 the 99th percentile of the latency
   */
  public record Result(long messages, Duration cpu, Duration p50, Duration p99) {}

  /**
   * Compiles and starts the load generator, which connects at once.
   *
   * @param prefix prefix of its command, such as {@code taskset -c 1}
   * @throws IOException if there is no C compiler, or the load generator does not start
   */
  public static LoaderInC connect(Load load, List<String> prefix)
      throws IOException, InterruptedException {
    try (TemporaryFolder folder = TemporaryFolder.create("loader")) {
      List<String> command = new ArrayList<>(prefix);
      command.addAll(
          List.of(
              Yardstick.compile("loader", folder.path()).toString(),
              String.valueOf(load.server().getPort()),
              String.valueOf(load.connections()),
              String.valueOf(load.inFlight()),
              String.valueOf(load.payload().bytes())));
      LoaderInC loader =
          new LoaderInC(
              ChildProcesses.start(new ProcessBuilder(command).redirectErrorStream(true)));
      loader.round(Duration.ofMillis(1)); // When it answers, its file is not needed any more.
      return loader;
    }
  }

  /** Runs a round. */
  public Result round(Duration duration) throws IOException {
    commands.write(duration.toMillis() + "\n");
    commands.flush();
    String line = OutputLines.next(answers).orElse("");
    String[] figures = line.split(" ", -1);
    if (figures.length != 4 || !Character.isDigit(line.charAt(0))) {
      throw new IOException("the load generator in C failed: " + line);
    }
    return new Result(
        Long.parseLong(figures[0]),
        Duration.ofNanos(Long.parseLong(figures[1])),
        Duration.ofNanos(Long.parseLong(figures[2])),
        Duration.ofNanos(Long.parseLong(figures[3])));
  }

  /** Kills the process. */
  @Override
  public void close() {
    process.destroyForcibly();
  }
}
