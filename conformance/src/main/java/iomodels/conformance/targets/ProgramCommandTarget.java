package iomodels.conformance.targets;

import static java.util.stream.Collectors.joining;

import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/**
 * A program in any language, started by a shell command in which {@code {port}} stands for the port
 * to listen on, {@code {upstreams}} for the ports of those that it turns to, on 127.0.0.1,
 * separated by spaces, {@code {deadline}} for how many milliseconds a request may take, and {@code
 * {folder}} for where the files lie that may be read. All other numbers have to be those of {@link
 * ProgramConfig#onLoopback}. It is ready when it listens, and stopped by SIGTERM.
 *
 * @param program what it is
 * @param name the command
 */
public record ProgramCommandTarget(Program program, String name) implements ProgramTarget {

  private static final Duration READY = Duration.ofSeconds(20);
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(20);
  private static final int TRIES = 3;

  @Override
  public List<String> notes() {
    return Listening.isTold()
        ? List.of()
        : List.of(
            "this machine does not tell who listens; ready was taken to be when it was bound");
  }

  @Override
  public Instance launch(ProgramConfig config) throws IOException, InterruptedException {
    int wanted = config.address().getPort();
    for (int i = 1; ; i++) {
      int port = wanted == 0 ? CommandTarget.freePort() : wanted;
      ManagedProcess child = new ManagedProcess(List.of("/bin/sh", "-c", line(config, port)));
      if (isReady(child, port)) {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        return new ManagedInstance(child, address, ManagedProcess::terminateBelowShell);
      }
      boolean ended = !child.isAlive();
      String words = child.diagnostics();
      child.close();
      // A port that was free a moment ago may be taken by now, so another one is tried.
      if (!ended || i == TRIES || wanted != 0) {
        String fate = ended ? "ended at once" : "does not listen on port %d".formatted(port);
        throw new IOException("'%s' %s: %s".formatted(name, fate, words));
      }
    }
  }

  private String line(ProgramConfig config, int port) {
    String upstreams =
        config.upstreams().stream().map(it -> String.valueOf(it.getPort())).collect(joining(" "));
    return name.replace("{port}", String.valueOf(port))
        .replace("{upstreams}", upstreams)
        .replace("{deadline}", String.valueOf(config.deadline().toMillis()))
        .replace("{folder}", config.folder().toAbsolutePath().toString());
  }

  private static boolean isReady(ManagedProcess child, int port)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + READY.toNanos();
    try {
      while (child.isAlive() && System.nanoTime() - deadline < 0) {
        // That somebody listens there says nothing of a child that has ended.
        if (Listening.at(port) && !child.awaitEnd(BETWEEN_LOOKS)) {
          return true;
        }
        child.awaitEnd(BETWEEN_LOOKS);
      }
      return false;
    } catch (IOException | InterruptedException e) {
      child.kill();
      throw e;
    }
  }

  /** What it has launched is closed with the tests. */
  @Override
  public void close() {}
}
