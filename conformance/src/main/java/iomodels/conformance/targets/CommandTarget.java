package iomodels.conformance.targets;

import static java.util.stream.Collectors.joining;

import iomodels.server.spi.Capability;
import iomodels.service.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A server in any language, started by a shell command in which {@code {port}} stands for the port
 * to listen on, and the optional {@code {host}} and {@code {service}} for the address and the
 * service. The server is ready when it accepts a connection; SIGTERM stops it. The command stays in
 * the foreground. Each service has a process of its own.
 */
public final class CommandTarget implements Target {

  private static final Duration READY = Duration.ofSeconds(20);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(20);

  /** Time for a server to fail if another process listens on its port. */
  private static final Duration FOREIGN = Duration.ofSeconds(3);

  /** Time limit for a server to fail if its port is in use: on a busy machine it starts slowly. */
  private static final Duration REFUSAL = Duration.ofSeconds(60);

  private static final int TRIES = 3;

  private final String command;
  private final List<Service> services;
  private final Optional<Set<Capability>> claims;

  /** The servers that rules share: only the last one for a service may still run. */
  private final Map<Service, Deque<Instance>> shared = new HashMap<>();

  public CommandTarget(String command, List<Service> services, Optional<Set<Capability>> claims) {
    this.command = command;
    this.services = List.copyOf(services);
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
    return services.contains(wanted);
  }

  @Override
  public boolean launchable() {
    return true;
  }

  @Override
  public synchronized InetSocketAddress shared(Service wanted)
      throws IOException, InterruptedException {
    Deque<Instance> started = shared.computeIfAbsent(wanted, _ -> new ArrayDeque<>());
    if (started.isEmpty() || started.getLast().crash(Duration.ZERO).isPresent()) {
      started.add(launch(wanted, 0));
    }
    return started.getLast().address();
  }

  @Override
  public Optional<String> crash(InetSocketAddress address, Duration within)
      throws InterruptedException {
    Optional<Instance> instance;
    synchronized (this) {
      instance =
          shared.values().stream()
              .flatMap(Deque::stream)
              .filter(it -> it.address().equals(address))
              .findFirst();
    }
    return instance.isPresent() ? instance.get().crash(within) : Optional.empty();
  }

  @Override
  public boolean launchesProcesses() {
    return true;
  }

  @Override
  public Instance launch(Service wanted, int port) throws IOException, InterruptedException {
    return port == 0
        ? launchSomewhere(wanted, loopback(), UnaryOperator.identity())
        : launchAt(wanted, loopback(), port, it -> it);
  }

  @Override
  public Instance launchWithin(Service wanted, int descriptors)
      throws IOException, InterruptedException {
    return launchSomewhere(wanted, loopback(), plain -> ManagedProcess.within(descriptors, plain));
  }

  @Override
  public boolean launchesOnAnyHost() {
    return command.contains("{host}");
  }

  @Override
  public Instance launchOn(Service wanted, InetAddress host)
      throws IOException, InterruptedException {
    return launchSomewhere(wanted, host, UnaryOperator.identity());
  }

  /** Tries several ports: one that was free a moment ago may be taken. */
  private Instance launchSomewhere(
      Service wanted, InetAddress host, UnaryOperator<List<String>> how)
      throws IOException, InterruptedException {
    for (int i = 1; ; i++) {
      try {
        return launchAt(wanted, host, FreePort.find(), how);
      } catch (IOException e) {
        if (i == TRIES) {
          throw e;
        }
      }
    }
  }

  private Instance launchAt(
      Service wanted, InetAddress host, int port, UnaryOperator<List<String>> how)
      throws IOException, InterruptedException {
    InetSocketAddress address = Loopback.forClients(host, port);
    boolean taken = answers(address);
    String line =
        command
            .replace("{port}", String.valueOf(port))
            .replace("{host}", host.getHostAddress())
            .replace("{service}", wanted.name());
    ManagedProcess child = new ManagedProcess(how.apply(ManagedProcess.shell(line)));
    try {
      return awaitReady(child, host, address, taken);
    } catch (InterruptedException e) {
      child.kill();
      throw e;
    }
  }

  private Instance awaitReady(
      ManagedProcess child, InetAddress host, InetSocketAddress address, boolean taken)
      throws IOException, InterruptedException {
    if (taken) {
      // Another process answers on this port: only the child's end is significant.
      if (!child.awaitEnd(REFUSAL)) {
        return new ManagedInstance(child, address);
      }
    }
    long deadline = System.nanoTime() + READY.toNanos();
    while (child.isAlive() && System.nanoTime() < deadline) {
      if (answers(address) && !child.awaitEnd(settling(child, address.getPort()))) {
        return new ManagedInstance(child, address);
      }
      child.awaitEnd(POLL_INTERVAL);
    }
    boolean hasEnded = !child.isAlive();
    String failure = hasEnded ? ended(child) : doesNotListen(host, address);
    String message = "'%s' %s: %s".formatted(command, failure, child.failureDetails());
    child.close();
    throw hasEnded ? new EndedAtStart(message, child.exitCode()) : new IOException(message);
  }

  /**
   * Returns how long a command has to stay alive once its port answers. If another process has
   * taken the port, the command fails to bind it. But this other process may also forward to the
   * command, as that of a container does.
   */
  static Duration settling(ManagedProcess child, int port) throws IOException {
    return child.listensOn(port) ? POLL_INTERVAL : FOREIGN;
  }

  private static String doesNotListen(InetAddress host, InetSocketAddress address) {
    if (!host.isAnyLocalAddress()) {
      return "does not listen on port %d".formatted(address.getPort());
    }
    return "does not accept connections to %s, port %d, as a server on %s does"
        .formatted(address.getAddress().getHostAddress(), address.getPort(), host.getHostAddress());
  }

  /**
   * Says how a command has ended: it may have left a daemon behind. Ends that as well, before it
   * can hold the pipes of the command open.
   */
  static String ended(ManagedProcess child) {
    List<Long> left = child.leftBehind();
    child.kill();
    return left.isEmpty()
        ? "ended at once"
        : "ended and left processes behind (%s): it must stay in the foreground"
            .formatted(left.stream().map(String::valueOf).collect(joining(", ")));
  }

  /** On loopback, a socket can connect to itself on an ephemeral port: that is no answer. */
  static boolean answers(InetSocketAddress address) {
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

  @Override
  public synchronized void close() {
    shared.values().forEach(started -> started.forEach(Instance::close));
    shared.clear();
  }
}
