package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;
import static java.lang.System.Logger.Level.WARNING;
import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/**
 * Several processes that share one port. This class is the parent, which starts the workers and
 * serves no client; {@link PreforkWorker} accepts, waits and converses. Each worker has a listening
 * socket of its own on the same port, by SO_REUSEPORT. The kernel distributes connections by a hash
 * of the addresses, whether a worker is idle or not. So there is no lock around {@code accept} and
 * no thundering herd, unlike in classic pre-forked servers, which share one listening socket.
 * Benefit: if a worker dies, only its own clients lose their connections. Cost: a JVM for each
 * worker.
 *
 * <p>The parent has one thread for each worker, which waits for the worker's end and replaces it. A
 * pipe connects the two: a worker reports on its standard output that it listens, and stops when
 * its standard input ends. The parent closes that pipe to stop the worker; if the parent dies, the
 * kernel closes it.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1: pre-forked servers are sections 30.6
 * to 30.9. SO_REUSEPORT distributes connections since Linux 3.9: socket(7).
 */
final class PreforkServer implements Server {

  static final String NAME = "blocking-prefork";

  private static final System.Logger LOG = System.getLogger(NAME);
  private static final int WORKERS = Math.max(2, Runtime.getRuntime().availableProcessors());

  /** A place is filled at most that often. */
  private static final long BETWEEN_STARTS = SECONDS.toNanos(1);

  /** After so many vain tries in a row it gives up, if no other worker serves either. */
  private static final int MAX_FAILURES = 3;

  /** Where a JVM finds options besides its command line. */
  private static final List<String> OPTION_VARIABLES =
      List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

  /** How much longer than the grace period a worker may take to end. */
  private static final long LAST_CALL = SECONDS.toNanos(1);

  private final ServerConfig config;
  private final SocketChannel reservation;
  private final InetSocketAddress address;
  private final List<String> command;
  private final Set<Process> workers = ConcurrentHashMap.newKeySet();
  private final Set<Process> serving = ConcurrentHashMap.newKeySet();
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
      Sockets.bind(
          reservation, config.address()); // Alone, so that nobody else's workers are joined;
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
      List<CompletableFuture<Void>> keepers = new ArrayList<>();
      for (Process worker : first) {
        keepers.add(Threads.start(Threads.platform(NAME + "-keeper"), () -> keep(worker)));
      }
      terminated =
          CompletableFuture.allOf(keepers.toArray(CompletableFuture<?>[]::new))
              .whenComplete((_, _) -> closeQuietly(reservation));
    } catch (Throwable e) {
      stopping.complete(null); // First, or a keeper replaces what is killed here.
      workers.forEach(PreforkServer::kill);
      closeQuietly(reservation);
      throw e;
    }
  }

  /** This module's other main class, where this JVM found its modules. */
  static List<String> java() {
    return java(System.getenv());
  }

  static List<String> java(Map<String, String> environment) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (OPTION_VARIABLES.stream().noneMatch(environment::containsKey)) {
      command.add("-XX:+UseSerialGC"); // It has few objects, and no threads to spare.
    } // Else the collector may be chosen there, and a JVM does not start with two.
    command.addAll(
        List.of(
            "-XX:+ExitOnOutOfMemoryError", // The parent starts another.
            "-XX:+DisplayVMOutputToStderr", // Standard output is for the parent,
            "-Xlog:disable", // and not for the messages of the JVM.
            "-Xlog:all=warning:stderr",
            "--module-path",
            System.getProperty("jdk.module.path", ""),
            "--module",
            PreforkWorker.class.getModule().getName() + "/" + PreforkWorker.class.getName()));
    return command;
  }

  /** None is started any more once it stops: close, which has to end them all, holds the lock. */
  private synchronized Process fork() throws IOException {
    if (stopping.isDone()) {
      throw new IOException("the server stops");
    }
    try {
      Process worker =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      workers.add(worker);
      return worker;
    } catch (OutOfMemoryError e) { // Java waits for a process in a thread of its own.
      throw Threads.noThread(e);
    }
  }

  /** Waits for what a worker says; what else comes on its standard output is skipped. */
  private void awaitReady(Process worker) throws IOException {
    BufferedReader output = worker.inputReader();
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      if (line.equals(PreforkWorker.LISTENING)) {
        serving.add(worker);
        return;
      }
      if (line.startsWith(PreforkWorker.FAILED)) {
        throw new BindException(line.substring(PreforkWorker.FAILED.length()));
      }
    }
    throw new IOException("a worker ended before it could listen");
  }

  /** Reads to the end: a worker whose output nobody reads would hang once the pipe is full. */
  private void awaitEnd(Process worker) {
    try {
      long _ = worker.inputReader().transferTo(Writer.nullWriter());
    } catch (IOException _) {
      // It has ended.
    }
    worker.onExit().join();
    serving.remove(worker);
    workers.remove(worker);
  }

  // tag::wait[]
  /** Waits for the end of a worker, and puts another in its place, until the server stops. */
  private void keep(Process first) {
    Process worker = first;
    long started = System.nanoTime();
    int failures = 0;
    while (true) {
      awaitEnd(worker);
      if (isDoneWithin(stopping, started + BETWEEN_STARTS - System.nanoTime())) {
        return;
      }
      LOG.log(
          WARNING,
          "Worker {0} has ended with {1}, and is replaced.",
          Long.toString(worker.pid()),
          worker.exitValue());
      started = System.nanoTime();
      try {
        worker = fork();
        awaitReady(worker);
        failures = 0;
      } catch (IOException e) {
        failures++;
        if (failures >= MAX_FAILURES && serving.isEmpty() && !stopping.isDone()) {
          stop();
          throw new IllegalStateException("workers cannot be started any more", e);
        }
      }
    }
  }

  /** Waits in this thread: a timer needs one of its own, and there may be none left. */
  private static boolean isDoneWithin(CompletableFuture<Void> event, long nanos) {
    try {
      event.get(nanos, NANOSECONDS);
      return true;
    } catch (TimeoutException _) {
      return false;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt(); // The caller of close does not want to wait.
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("it does not fail", e);
    }
  }

  // end::wait[]

  // tag::close[]
  @Override
  public void close() {
    stop();
    long patience = config.gracePeriod().toNanos() + LAST_CALL;
    CompletableFuture<Void> ended = terminated.handle((_, _) -> null);
    if (!isDoneWithin(ended, patience)) {
      workers.forEach(PreforkServer::kill);
    }
    ended.join();
  }

  /** Ends the standard input of every worker: each of them drains, and ends. */
  private synchronized void stop() {
    stopping.complete(null);
    workers.forEach(it -> closeQuietly(it.getOutputStream()));
  }

  private static void kill(Process worker) {
    worker.destroyForcibly().onExit().join();
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
