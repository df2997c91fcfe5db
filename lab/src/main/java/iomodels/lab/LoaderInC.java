package iomodels.lab;

import iomodels.process.ChildProcesses;
import iomodels.process.OutputLines;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A load generator in plain C that does the same as {@link LoadGenerator} over TCP in a closed
 * loop: the yardstick of the one in Java. It is compiled when it is started. For use by one thread.
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
   * What a round gave.
   *
   * @param messages how many replies came
   * @param cpu processor time of the loader
   * @param p50 the median latency
   * @param p99 what 99 of 100 messages took at most
   */
  public record Result(long messages, Duration cpu, Duration p50, Duration p99) {}

  /**
   * Compiles and starts it; it connects at once.
   *
   * @param prefix what to put before its command, such as {@code taskset -c 1}
   * @throws IOException if there is no C compiler, or it does not start
   */
  public static LoaderInC connect(Load load, List<String> prefix)
      throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("iomodels-loader");
    try {
      List<String> command = new ArrayList<>(prefix);
      command.addAll(
          List.of(
              Yardstick.compile("loader", folder).toString(),
              String.valueOf(load.server().getPort()),
              String.valueOf(load.connections()),
              String.valueOf(load.inFlight()),
              String.valueOf(load.exchange().message(0).length)));
      LoaderInC loader =
          new LoaderInC(
              ChildProcesses.start(new ProcessBuilder(command).redirectErrorStream(true)));
      loader.round(Duration.ofMillis(1)); // Now it runs, and its file is not needed any more.
      return loader;
    } finally {
      Yardstick.delete(folder);
    }
  }

  /** Loads for that long. */
  public Result round(Duration duration) throws IOException {
    commands.write(duration.toMillis() + "\n");
    commands.flush();
    String line = OutputLines.next(answers).orElse("");
    String[] figures = line.split(" ", -1);
    if (figures.length != 4 || !Character.isDigit(line.charAt(0))) {
      throw new IOException("the loader in C says: " + line);
    }
    return new Result(
        Long.parseLong(figures[0]),
        Duration.ofNanos(Long.parseLong(figures[1])),
        Duration.ofNanos(Long.parseLong(figures[2])),
        Duration.ofNanos(Long.parseLong(figures[3])));
  }

  /** Ends it. */
  @Override
  public void close() {
    process.destroyForcibly();
  }
}
