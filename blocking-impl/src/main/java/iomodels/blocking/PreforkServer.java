package iomodels.blocking;

import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Several processes that share one port: this is their parent, which serves nobody, and the page
 * with {@code accept}, {@code wait} and {@code converse} is {@link PreforkWorker}. Each worker has
 * a listener of its own on the same port, by SO_REUSEPORT, and the kernel deals connections out
 * among them, by a hash of the addresses and not by who is free. So there is no lock about {@code
 * accept} and no thundering herd, as in the pre-forked servers of old, which shared one listener.
 * The gain: a worker that dies costs the clients that it had, and nobody else. The price: a JVM for
 * each.
 *
 * <p>The parent waits for the end of its workers, one thread for each, and puts a new one in the
 * place of one that has died. All that joins them is a pipe: a worker says on its standard output
 * that it listens, and stops when its standard input ends, which is how the parent stops it, and
 * what the kernel does if the parent dies.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: pre-forked servers are sections 30.6
 * to 30.9. SO_REUSEPORT deals out connections since Linux 3.9 (man 7 socket).
 */
final class PreforkServer implements Server {

  static final String NAME = "blocking-prefork";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int WORKERS = Math.max(2, Runtime.getRuntime().availableProcessors());

  /** A place is filled at most that often, and no more after so many vain tries in a row. */
  private static final long BETWEEN_STARTS = SECONDS.toNanos(1);

  private static final int MAX_FAILURES = 3;

  /** How much longer than the grace period a worker may take to end. */
  private static final long LAST_CALL = SECONDS.toNanos(1);

  private final ServerConfig config;
  private final SocketChannel reservation;
  private final InetSocketAddress address;
  private final List<String> command;
  private final Set<Process> workers = ConcurrentHashMap.newKeySet();
  private final CompletableFuture<Void> stopping = new CompletableFuture<>();
  private final CompletableFuture<Void> terminated;

  PreforkServer(ServerConfig config, Service service) throws IOException {
    this(config, service, java());
  }

  /** The same, with workers that are started by that command. */
  PreforkServer(ServerConfig config, Service service, List<String> java) throws IOException {
    if (!Services.all().contains(service)) {
      throw new IOException(
          "%s cannot be handed to another process: only those of Services have a name there"
              .formatted(service.name()));
    }
    this.config = config;
    reservation = SocketChannel.open(); // It is bound and does not listen: only workers do.
    try {
      reservation.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      reservation.bind(config.address()); // Alone, so that nobody else's workers are joined;
      reservation.setOption(StandardSocketOptions.SO_REUSEPORT, true); // but ours may join.
      address = (InetSocketAddress) reservation.getLocalAddress();
      command = new ArrayList<>(java);
      command.addAll(PreforkWorker.arguments(config, address, service));
      List<Process> first = new ArrayList<>();
      for (int i = 0; i < WORKERS; i++) {
        first.add(fork());
      }
      for (Process worker : first) {
        awaitReady(worker);
      }
      CompletableFuture<?>[] keepers =
          first.stream().map(this::startKeeper).toArray(CompletableFuture<?>[]::new);
      terminated = CompletableFuture.allOf(keepers).whenComplete((_, _) -> quietly(reservation));
    } catch (Throwable e) {
      stopping.complete(null); // First, or a keeper replaces what is killed here.
      workers.forEach(PreforkServer::kill);
      quietly(reservation);
      throw e;
    }
  }

  private CompletableFuture<Void> startKeeper(Process worker) {
    return CompletableFuture.runAsync(
        () -> keep(worker), keeper -> Thread.ofPlatform().name(NAME + "-keeper").start(keeper));
  }

  /** This module's other main class, where this JVM found its modules. */
  static List<String> java() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC", // It has few objects, and no threads to spare.
        "--module-path",
        System.getProperty("jdk.module.path", ""),
        "--module",
        PreforkWorker.class.getModule().getName() + "/" + PreforkWorker.class.getName());
  }

  /** None is started any more once it stops: close, which has to end them all, holds the lock. */
  private synchronized Process fork() throws IOException {
    if (stopping.isDone()) {
      throw new IOException("the server stops");
    }
    Process worker =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    workers.add(worker);
    return worker;
  }

  private static void awaitReady(Process worker) throws IOException {
    String line = worker.inputReader().readLine();
    if (line == null) {
      throw new IOException("a worker ended before it could listen");
    }
    if (!line.equals(PreforkWorker.LISTENING)) {
      throw new BindException(line);
    }
  }

  // tag::wait[]
  /** Waits for the end of a worker, and puts another in its place, until the server stops. */
  private void keep(Process first) {
    Process worker = first;
    long started = System.nanoTime();
    int failures = 0;
    while (true) {
      worker.onExit().join();
      workers.remove(worker);
      long pause = started + BETWEEN_STARTS - System.nanoTime();
      stopping.copy().completeOnTimeout(null, pause, NANOSECONDS).join();
      if (stopping.isDone()) {
        return;
      }
      LOG.log(WARNING, "Worker {0} has died, and is replaced.", Long.toString(worker.pid()));
      started = System.nanoTime();
      try {
        worker = fork();
        awaitReady(worker);
        failures = 0;
      } catch (IOException e) {
        failures++;
        if (failures == MAX_FAILURES && !stopping.isDone()) {
          stop();
          throw new UncheckedIOException("workers cannot be started any more", e);
        }
      }
    }
  }

  // end::wait[]

  // tag::close[]
  @Override
  public void close() {
    stop();
    long patience = config.gracePeriod().toNanos() + LAST_CALL;
    CompletableFuture<Void> ended = terminated.handle((_, _) -> null);
    ended.copy().completeOnTimeout(null, patience, NANOSECONDS).join();
    workers.forEach(PreforkServer::kill);
    ended.join();
  }

  /** Ends the standard input of every worker: each of them drains, and ends. */
  private synchronized void stop() {
    stopping.complete(null);
    workers.forEach(it -> quietly(it.getOutputStream()));
  }

  private static void kill(Process worker) {
    worker.destroyForcibly().onExit().join();
  }

  private static void quietly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException _) {
      // It has ended already.
    }
  }

  // end::close[]

  /** The processes that serve, for now. */
  List<ProcessHandle> workers() {
    return workers.stream().map(Process::toHandle).toList();
  }

  @Override
  public InetSocketAddress address() {
    return address;
  }

  @Override
  public CompletableFuture<Void> terminated() {
    return terminated.copy();
  }
}
