package iomodels.lab;

import iomodels.process.ChildProcesses;
import iomodels.process.OutputLines;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * An {@code strace} (man 1) that watches a server, and writes to a file what it sees, until it is
 * detached.
 */
public final class Attached {

  private static final int SECONDS = 30;

  private final Process strace;

  private Attached(Process strace) {
    this.strace = strace;
  }

  /**
   * Attaches to a process, and to its children.
   *
   * @param options of strace: what it is to see, and how to tell it
   * @throws IOException if there is no strace, or it may not trace that process
   */
  public static Attached to(ProcessHandle process, Path output, String... options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("strace", "-f", "-o", output.toString()));
    command.addAll(List.of(options));
    // With -f it follows the children that are yet to be born, and they are all it follows.
    Stream.concat(Stream.of(process), process.descendants())
        .forEach(it -> command.addAll(List.of("-p", String.valueOf(it.pid()))));
    Process strace;
    try {
      strace = ChildProcesses.start(new ProcessBuilder(command).redirectErrorStream(true));
    } catch (IOException e) {
      throw new IOException("there is no strace here", e);
    }
    BufferedReader words = strace.inputReader();
    String said = OutputLines.next(words).orElse("it said nothing");
    if (!said.contains("attached")) {
      strace.destroyForcibly().waitFor();
      throw new IOException("strace cannot trace it: " + said);
    }
    OutputLines.drain(words);
    return new Attached(strace);
  }

  /** Lets the server go, which SIGTERM makes it do, and returns when all is written. */
  public void detach() throws IOException, InterruptedException {
    strace.destroy();
    if (!strace.waitFor(SECONDS, TimeUnit.SECONDS)) {
      strace.destroyForcibly();
      throw new IOException("strace did not come to an end");
    }
  }
}
