package iomodels.conformance.targets;

import iomodels.server.spi.Capability;
import iomodels.service.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A server in any language, started by a shell command in which {@code {port}} stands for the port
 * to listen on, and {@code {host}}, if it is there, for the address. It is ready when a connection
 * to that port is taken, and stopped by SIGTERM.
 */
public final class CommandTarget implements Target {

  private static final Duration READY = Duration.ofSeconds(20);

  /** How long a server may take to find its port in use: on a busy machine it starts slowly. */
  private static final Duration REFUSAL = Duration.ofSeconds(60);

  private static final Duration BETWEEN_PROBES = Duration.ofMillis(20);
  private static final int TRIES = 3;

  private final String command;
  private final Service service;
  private final Optional<Set<Capability>> claims;
  private Optional<Instance> shared = Optional.empty();

  public CommandTarget(String command, Service service, Optional<Set<Capability>> claims) {
    this.command = command;
    this.service = service;
    this.claims = claims;
  }

  @Override
  public String name() {
    return command;
  }

  @Override
  public Optional<Set<Capability>> claims() {
    return claims;
  }

  @Override
  public boolean serves(Service wanted) {
    return wanted.equals(service);
  }

  @Override
  public boolean launchable() {
    return true;
  }

  @Override
  public synchronized InetSocketAddress shared(Service wanted)
      throws IOException, InterruptedException {
    if (shared.isEmpty()) {
      shared = Optional.of(launch(wanted, 0));
    }
    return shared.get().address();
  }

  @Override
  public boolean launchesProcesses() {
    return true;
  }

  @Override
  public Instance launch(Service wanted, int port) throws IOException, InterruptedException {
    return port == 0
        ? launchSomewhere(loopback(), UnaryOperator.identity())
        : launchAt(loopback(), port, it -> it);
  }

  @Override
  public Instance launchWithin(Service wanted, int descriptors)
      throws IOException, InterruptedException {
    return launchSomewhere(loopback(), plain -> ManagedProcess.within(descriptors, plain));
  }

  @Override
  public boolean launchesOnAnyHost() {
    return command.contains("{host}");
  }

  @Override
  public Instance launchOn(Service wanted, InetAddress host)
      throws IOException, InterruptedException {
    return launchSomewhere(host, UnaryOperator.identity());
  }

  /** A port that was free a moment ago may be taken by now, so another one is tried. */
  private Instance launchSomewhere(InetAddress host, UnaryOperator<List<String>> how)
      throws IOException, InterruptedException {
    for (int i = 1; ; i++) {
      try {
        return launchAt(host, freePort(), how);
      } catch (IOException e) {
        if (i == TRIES) {
          throw e;
        }
      }
    }
  }

  private Instance launchAt(InetAddress host, int port, UnaryOperator<List<String>> how)
      throws IOException, InterruptedException {
    InetSocketAddress address = Loopback.reached(host, port);
    boolean taken = answers(address);
    String line =
        command.replace("{port}", String.valueOf(port)).replace("{host}", host.getHostAddress());
    ManagedProcess child = new ManagedProcess(how.apply(List.of("/bin/sh", "-c", line)));
    if (taken) {
      // That something answers there says nothing of the child: only its end does.
      if (!child.awaitEnd(REFUSAL)) {
        return new ManagedInstance(child, address, ManagedProcess::terminateBelowShell);
      }
    }
    long deadline = System.nanoTime() + READY.toNanos();
    while (child.isAlive() && System.nanoTime() < deadline) {
      if (answers(address) && !child.awaitEnd(BETWEEN_PROBES)) {
        return new ManagedInstance(child, address, ManagedProcess::terminateBelowShell);
      }
      child.awaitEnd(BETWEEN_PROBES);
    }
    String fate = child.isAlive() ? "does not listen on port %d".formatted(port) : "ended at once";
    String words = child.diagnostics();
    child.close();
    throw new IOException("'%s' %s: %s".formatted(command, fate, words));
  }

  /** Connecting on loopback can meet itself where the port is one that clients are given. */
  private static boolean answers(InetSocketAddress address) {
    try (Socket socket = new Socket()) {
      socket.connect(address, 1_000);
      return socket.getLocalPort() != socket.getPort();
    } catch (IOException _) {
      return false;
    }
  }

  private static InetAddress loopback() {
    return InetAddress.getLoopbackAddress();
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Override
  public synchronized void close() {
    shared.ifPresent(Instance::close);
    shared = Optional.empty();
  }
}
