package iomodels.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;

/**
 * A process and its descendants, stopped by SIGSTOP (signal(7)): what happens to their sockets
 * meanwhile waits in the kernel, and is found all at once when they go on. Closing it lets them.
 */
public final class FrozenProcess implements AutoCloseable {

  private final List<ProcessHandle> processes;

  private FrozenProcess(List<ProcessHandle> processes) {
    this.processes = processes;
  }

  /**
   * Stops the processes, parents first.
   *
   * @throws IOException if there is no kill(1), or it fails
   */
  public static FrozenProcess of(ProcessHandle process) throws IOException, InterruptedException {
    List<ProcessHandle> all = Stream.concat(Stream.of(process), process.descendants()).toList();
    FrozenProcess frozen = new FrozenProcess(all);
    try {
      frozen.signal("STOP");
    } catch (IOException | InterruptedException e) {
      frozen.close();
      throw e;
    }
    return frozen;
  }

  private void signal(String name) throws IOException, InterruptedException {
    List<String> pids =
        processes.stream().filter(ProcessHandle::isAlive).map(it -> "" + it.pid()).toList();
    List<String> command = Stream.concat(Stream.of("kill", "-" + name), pids.stream()).toList();
    Process kill = new ProcessBuilder(command).redirectErrorStream(true).start();
    kill.getOutputStream().close();
    String said = new String(kill.getInputStream().readAllBytes(), UTF_8).strip();
    if (kill.waitFor() != 0) {
      throw new IOException("kill -%s failed: %s".formatted(name, said));
    }
  }

  /** Lets the processes go on; those that have ended do not mind. */
  @Override
  public void close() {
    boolean interrupted = Thread.interrupted(); // A process must not stay stopped for that.
    try {
      signal("CONT");
    } catch (IOException _) {
      // One of them has ended.
    } catch (InterruptedException _) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
