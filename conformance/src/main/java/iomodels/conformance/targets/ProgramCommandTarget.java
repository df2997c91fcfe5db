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
 * to listen on, {@code {upstreams}} for the ports of its upstreams on 127.0.0.1, separated by
 * spaces, {@code {deadline}} for the time limit of a request in milliseconds, and {@code {folder}}
 * for the folder of the files that may be read. All other numbers must be those of {@link
 * ProgramConfig#onLoopback}. The program is ready when it listens; SIGTERM stops it.
 *
 * @param program the program that the command implements
 * @param name the command
 */
public record ProgramCommandTarget(Program program, String name) implements ProgramTarget {

  private static final Duration READY = Duration.ofSeconds(20);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(20);
  private static final int TRIES = 3;

  @Override
  public List<String> notes() {
    return Listening.isKnown()
        ? List.of()
        : List.of(
            "this machine does not list listening sockets; a program counts as ready when its port"
                + " is taken");
  }

  @Override
  public boolean isExternal() {
    return true;
  }

  @Override
  public boolean hasDeadline() {
    return name.contains("{deadline}");
  }

  @Override
  public Instance launch(ProgramConfig config) throws IOException, InterruptedException {
    int wanted = config.address().getPort();
    for (int i = 1; ; i++) {
      int port = wanted == 0 ? FreePort.find() : wanted;
      ManagedProcess child = new ManagedProcess(ManagedProcess.shell(line(config, port)));
      if (isReady(child, port)) {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        return new ManagedInstance(child, address);
      }
      boolean ended = !child.isAlive();
      String failure =
          ended ? CommandTarget.ended(child) : "does not listen on port %d".formatted(port);
      String message = "'%s' %s: %s".formatted(name, failure, child.failureDetails());
      child.close();
      // A port that was free a moment ago may be taken by now, so another one is tried.
      if (!ended || i == TRIES || wanted != 0) {
        throw ended ? new EndedAtStart(message, child.exitCode()) : new IOException(message);
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
        if (Listening.at(port) && !child.awaitEnd(CommandTarget.settling(child, port))) {
          return true;
        }
        child.awaitEnd(POLL_INTERVAL);
      }
      return false;
    } catch (IOException | InterruptedException e) {
      child.kill();
      throw e;
    }
  }

  /** Does nothing: each instance is closed with its test. */
  @Override
  public void close() {}
}
