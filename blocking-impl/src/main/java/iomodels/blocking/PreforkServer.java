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
 * Several processes that share one port. This class is the parent process, which starts the workers
 * and serves no client; {@link PreforkWorker} accepts, waits and converses. Each worker has its own
 * listening socket on the same port, by SO_REUSEPORT. The kernel distributes connections by a hash
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

  /** Minimum interval between two starts of the same worker. */
  private static final long BETWEEN_STARTS = SECONDS.toNanos(1);

  /** The server fails after this many failed starts in a row, unless another worker serves. */
  private static final int MAX_FAILURES = 3;

  /** Environment variables from which a JVM reads options. */
  private static final List<String> OPTION_VARIABLES =
      List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

  /** Time that a worker may take to end, in addition to the grace period. */
  private static final long EXTRA_TIME = SECONDS.toNanos(1);

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

  /** Creates a server whose workers are started by the given command. */
  PreforkServer(ServerConfig config, Service service, List<String> java) throws IOException {
    if (!Services.all().contains(service)) {
      throw new IOException(
          "the service %s cannot run in another process; only those in Services can"
              .formatted(service.name()));
    }
    this.config = config;
    reservation = SocketChannel.open(); // It is bound but does not listen: only workers listen.
    try {
      reservation.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      Sockets.bind(
          reservation, config.address()); // Without SO_REUSEPORT: it fails if the port is in use.
      reservation.setOption(StandardSocketOptions.SO_REUSEPORT, true); // Lets workers bind.
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
      List<CompletableFuture<Void>> monitors = new ArrayList<>();
      for (Process worker : first) {
        monitors.add(Threads.start(Threads.platform(NAME + "-monitor"), () -> monitor(worker)));
      }
      terminated =
          CompletableFuture.allOf(monitors.toArray(CompletableFuture<?>[]::new))
              .whenComplete((_, _) -> closeQuietly(reservation));
    } catch (Throwable e) {
      stopping.complete(null); // First, or a monitor replaces the killed workers.
      workers.forEach(PreforkServer::kill);
      closeQuietly(reservation);
      throw e;
    }
  }

  /** The command that starts {@link PreforkWorker} with this JVM's module path. */
  static List<String> java() {
    return java(System.getenv());
  }

  static List<String> java(Map<String, String> environment) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (OPTION_VARIABLES.stream().noneMatch(environment::containsKey)) {
      command.add("-XX:+UseSerialGC"); // It needs no further threads.
    } // Else a collector may be chosen there; a JVM does not start if two are chosen.
    command.addAll(
        List.of(
            "-XX:+ExitOnOutOfMemoryError", // The parent starts another worker.
            "-XX:+DisplayVMOutputToStderr", // Standard output is read by the parent,
            "-Xlog:disable", // so the JVM must not print messages there.
            "-Xlog:all=warning:stderr",
            "--module-path",
            System.getProperty("jdk.module.path", ""),
            "--module",
            PreforkWorker.class.getModule().getName() + "/" + PreforkWorker.class.getName()));
    return command;
  }

  /** Synchronized with {@link #stop}: once the server stops, no further worker is started. */
  private synchronized Process fork() throws IOException {
    if (stopping.isDone()) {
      throw new IOException("the server is stopping");
    }
    try {
      Process worker =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      workers.add(worker);
      return worker;
    } catch (OutOfMemoryError e) { // Java starts a thread that waits for the process.
      throw Threads.noThread(e);
    }
  }

  /** Waits for a worker to report that it listens or has failed; skips all other output. */
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
    throw new IOException("a worker process ended before it listened; see its messages on stderr");
  }

  /** Reads and discards the output until it ends: a worker would block once the pipe is full. */
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
  /** Waits until a worker ends, and starts another one, until the server stops. */
  private void monitor(Process first) {
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
          "Worker {0} has ended with exit code {1}; starting another one.",
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
          throw new IllegalStateException("workers cannot be started", e);
        }
      }
    }
  }

  /** Waits in this thread: a timer needs another thread, and the system may have none left. */
  private static boolean isDoneWithin(CompletableFuture<Void> event, long nanos) {
    try {
      event.get(nanos, NANOSECONDS);
      return true;
    } catch (TimeoutException _) {
      return false;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt(); // The caller of close() was interrupted.
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("unexpected failure", e);
    }
  }

  // end::wait[]

  // tag::close[]
  @Override
  public void close() {
    stop();
    long timeout = config.gracePeriod().toNanos() + EXTRA_TIME;
    CompletableFuture<Void> ended = terminated.handle((_, _) -> null);
    if (!isDoneWithin(ended, timeout)) {
      workers.forEach(PreforkServer::kill);
    }
    ended.join();
  }

  /** Closes the standard input of every worker: each worker then drains and ends. */
  private synchronized void stop() {
    stopping.complete(null);
    workers.forEach(it -> closeQuietly(it.getOutputStream()));
  }

  private static void kill(Process worker) {
    worker.destroyForcibly().onExit().join();
  }

  // end::close[]

  /** The current worker processes. */
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
