package iomodels.conformance.targets;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A process that starts and stops servers when the kit tells it to, by {@link HostCommands}. Safe
 * for use by several threads.
 */
final class HostProcess implements AutoCloseable {

  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration END = Duration.ofSeconds(15);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(10);

  private final ManagedProcess child;
  private final AtomicInteger ids = new AtomicInteger();
  private final Map<String, CompletableFuture<String>> answers = new ConcurrentHashMap<>();

  /** The servers that have ended by themselves. */
  private final Set<String> died = ConcurrentHashMap.newKeySet();

  HostProcess(List<String> command) throws IOException {
    child = new ManagedProcess(command);
    Thread.startVirtualThread(this::listen);
  }

  ManagedProcess child() {
    return child;
  }

  /**
   * A server that the process has started.
   *
   * @param id identifies it in commands
   * @param port the port on which it listens
   * @param transport the name of its transport, or {@link HostCommands#NO_TRANSPORT}
   */
  record Started(String id, int port, String transport) {}

  /**
   * Starts a server, and waits until it listens.
   *
   * @throws IOException if it does not start; the message is the server's own
   */
  Started start(String arguments) throws IOException, InterruptedException {
    String id = String.valueOf(ids.incrementAndGet());
    CompletableFuture<String> answer = new CompletableFuture<>();
    answers.put(id, answer);
    boolean answered = false;
    try {
      send("start %s %s".formatted(id, arguments));
      String[] words = answer.get(START.toMillis(), TimeUnit.MILLISECONDS).split(" ", 2);
      answered = true;
      return new Started(id, Integer.parseInt(words[0]), words[1]);
    } catch (ExecutionException e) {
      answered = true;
      throw new IOException(answer.exceptionNow().getMessage(), e);
    } catch (TimeoutException e) {
      throw new IOException(child.failureDetails(), e);
    } finally {
      if (!answered) {
        abandon(id);
      }
    }
  }

  /** Stops a server that may still start, and that nobody waits for any more. */
  private void abandon(String id) {
    answers.remove(id);
    try {
      write("stop " + id);
    } catch (IOException _) {
      // The process has ended, and the server with it.
    }
  }

  private void write(String command) throws IOException {
    synchronized (child) {
      child.input().write((command + "\n").getBytes(UTF_8));
      child.input().flush();
    }
  }

  private void send(String command) throws IOException, InterruptedException {
    try {
      write(command);
    } catch (IOException e) {
      throw new IOException(child.failureDetails(), e); // The process has ended.
    }
  }

  private void listen() {
    try {
      for (var line = child.line(); line.isPresent(); line = child.line()) {
        dispatch(line.get());
      }
      child.awaitEnd(END); // The output ends shortly before the process.
      String details = child.failureDetails();
      answers.values().forEach(it -> it.completeExceptionally(new IOException(details)));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void dispatch(String line) {
    List<String> words = List.of(line.split(" ", 3));
    if (words.size() < 2 || !HostCommands.ANSWERS.contains(words.getFirst())) {
      child.addUnexpectedOutput(line); // From a library, or from the JVM.
      return;
    }
    String id = words.get(1);
    if (words.getFirst().equals(HostCommands.DIED)) {
      died.add(id);
    }
    CompletableFuture<String> answer = answers.remove(id);
    if (answer == null) {
      return;
    }
    if (words.getFirst().equals(HostCommands.FAILED)) {
      answer.completeExceptionally(new IOException(words.getLast()));
    } else {
      answer.complete(words.getLast());
    }
  }

  /** Kills the process, and everything that it has started. */
  void kill() {
    child.kill();
  }

  /** Stops the process. */
  @Override
  public void close() {
    child.close();
  }

  /** A server that shares the process with others. */
  static class Hosted implements Instance {

    private final HostProcess host;
    private final String id;
    private final InetSocketAddress address;
    private final AtomicBoolean told = new AtomicBoolean();
    private final CompletableFuture<String> stopped = new CompletableFuture<>();

    Hosted(HostProcess host, String id, InetSocketAddress address) {
      this.host = host;
      this.id = id;
      this.address = address;
    }

    final HostProcess host() {
      return host;
    }

    @Override
    public final InetSocketAddress address() {
      return address;
    }

    @Override
    public final Optional<ProcessHandle> process() {
      return Optional.of(host.child.handle());
    }

    @Override
    public final OptionalLong errorBytes() {
      return OptionalLong.of(host.child.errorBytes());
    }

    @Override
    public final Optional<String> crash(Duration within) throws InterruptedException {
      Duration step = within.compareTo(POLL_INTERVAL) < 0 ? within : POLL_INTERVAL;
      long deadline = System.nanoTime() + within.toNanos();
      while (!host.died.contains(id)) {
        if (host.child.awaitEnd(step)) {
          return Optional.of(host.child.end());
        }
        if (System.nanoTime() - deadline >= 0) {
          return Optional.empty();
        }
      }
      return Optional.of("ended: " + host.child.stderrTail());
    }

    @Override
    public final void stop() {
      if (!told.compareAndSet(false, true)) {
        return;
      }
      host.answers.put(id, stopped);
      try {
        host.send("stop " + id);
      } catch (IOException e) {
        stopped.completeExceptionally(e);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public final boolean awaitEnd(Duration within) throws InterruptedException {
      try {
        stopped.get(within.toMillis(), TimeUnit.MILLISECONDS);
        return true;
      } catch (ExecutionException _) {
        return true;
      } catch (TimeoutException _) {
        return false;
      }
    }

    /** Waits for its end, so that the next rule finds nothing left of it. */
    @Override
    public void close() {
      stop();
      try {
        awaitEnd(END);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
