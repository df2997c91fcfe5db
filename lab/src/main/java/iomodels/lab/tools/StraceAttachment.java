package iomodels.lab.tools;

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
 * An {@code strace} (man 1) that is attached to a server and writes its output to a file. {@link
 * #detach} ends it and waits for all output; closing it only ends it.
 */
public final class StraceAttachment implements AutoCloseable {

  private static final int DETACH_SECONDS = 30;
  private static final int END_SECONDS = 2;

  private final Process strace;

  private StraceAttachment(Process strace) {
    this.strace = strace;
  }

  /**
   * Attaches to a process and its children.
   *
   * @param options of strace: which calls to record, and how to write them
   * @throws IOException if strace is missing, or may not trace the process
   */
  public static StraceAttachment to(ProcessHandle process, Path output, String... options)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("strace", "-f", "-o", output.toString()));
    command.addAll(List.of(options));
    // -f follows children that are started later, and no others.
    Stream.concat(Stream.of(process), process.descendants())
        .forEach(it -> command.addAll(List.of("-p", String.valueOf(it.pid()))));
    Process strace = start(command);
    BufferedReader printed = strace.inputReader();
    String first = OutputLines.next(printed).orElse("it printed nothing");
    if (!first.contains("attached")) {
      end(strace);
      throw new IOException("strace cannot trace the server: " + first);
    }
    OutputLines.drain(printed);
    return new StraceAttachment(strace);
  }

  /**
   * Detaches from the server, and returns when all output is written.
   *
   * @throws IOException if strace does not end in time
   */
  public void detach() throws IOException, InterruptedException {
    detach(strace);
  }

  /**
   * Starts strace.
   *
   * @throws IOException if it is missing
   */
  public static Process start(List<String> command) throws IOException {
    try {
      return ChildProcesses.start(new ProcessBuilder(command).redirectErrorStream(true));
    } catch (IOException e) {
      throw new IOException("strace is not installed", e);
    }
  }

  /** Ends strace with SIGTERM: it detaches from the server and writes the rest of its output. */
  public static void detach(Process strace) throws IOException, InterruptedException {
    strace.destroy();
    if (!strace.waitFor(DETACH_SECONDS, TimeUnit.SECONDS)) {
      strace.destroyForcibly();
      throw new IOException("strace did not end within %d s".formatted(DETACH_SECONDS));
    }
  }

  /** Ends strace if it still runs; no effect after {@link #detach}. */
  @Override
  public void close() {
    end(strace);
  }

  /**
   * Ends strace with SIGTERM or, if it does not end in time or the caller is interrupted, with
   * SIGKILL. Keeps the interrupt.
   */
  public static void end(Process strace) {
    strace.destroy();
    try {
      if (!strace.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        strace.destroyForcibly().waitFor();
      }
    } catch (InterruptedException _) {
      strace.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
