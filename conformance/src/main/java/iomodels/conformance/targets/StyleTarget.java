package iomodels.conformance.targets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A program in a style of this project. One process runs the instances of all rules, except those
 * that need a process of their own.
 */
public final class StyleTarget implements ProgramTarget {

  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration END = Duration.ofSeconds(15);
  private static final Duration EXIT_DELAY = Duration.ofSeconds(1);

  private final StyleProvider style;
  private final Program program;
  private final Class<?> source;
  private final List<String> flags;
  private final AtomicInteger ids = new AtomicInteger();
  private final List<String> unexpectedExits = new ArrayList<>();
  private Optional<HostProcess> shared = Optional.empty();

  /** Creates a target for a style that has this program, with the default flags of the JVM. */
  public StyleTarget(StyleProvider style, Program program) {
    this(style, program, List.of());
  }

  /** Creates a target whose JVM starts quickly; it is too slow for measurements. */
  public static StyleTarget toBeJudged(StyleProvider style, Program program) {
    return new StyleTarget(style, program, Jvm.QUICK);
  }

  private StyleTarget(StyleProvider style, Program program, List<String> flags) {
    this.flags = flags;
    this.style = style;
    this.program = program;
    this.source = style.page(program).orElseThrow().source();
  }

  @Override
  public String name() {
    return style.style() + " " + program;
  }

  @Override
  public Program program() {
    return program;
  }

  @Override
  public Instance launch(ProgramConfig config) throws IOException, InterruptedException {
    HostProcess host = shared();
    return host.start(config, false);
  }

  @Override
  public Instance launchAlone(ProgramConfig config) throws IOException, InterruptedException {
    HostProcess host = new HostProcess();
    try {
      return host.start(config, true);
    } catch (IOException | InterruptedException e) {
      host.child.close();
      throw e;
    }
  }

  /** A JVM that is to be measured runs without a cache. */
  private List<String> cached() throws InterruptedException {
    if (flags.isEmpty()) {
      return List.of();
    }
    List<String> users = List.of("programs", style.getClass().getModule().getName());
    String folder = URLEncoder.encode(System.getProperty("java.io.tmpdir"), UTF_8);
    // A server on any port, with upstreams that nobody connects to.
    return AheadOfTime.flags(users, this::command, "start 1 %s 1000 0 1 1 1\n".formatted(folder));
  }

  private List<String> command(List<String> cached) {
    return Jvm.command(
        ProgramHostProcess.class,
        style.nativeModules(),
        Stream.concat(flags.stream(), cached.stream()).toList(),
        List.of(style.style(), program.name()));
  }

  private synchronized HostProcess shared() throws IOException, InterruptedException {
    if (shared.filter(it -> !it.child.isAlive()).isPresent()) {
      unexpectedExits.add(shared.get().child.failureDetails());
      shared.get().child.close();
      shared = Optional.empty();
    }
    if (shared.isEmpty()) {
      shared = Optional.of(new HostProcess());
    }
    return shared.get();
  }

  /** Returns, for each process that has ended by itself, the end of its output. */
  public synchronized List<String> unexpectedExits() {
    return List.copyOf(unexpectedExits);
  }

  private synchronized void noteIfEnded(ManagedProcess child) {
    try {
      if (!child.isAlive()) {
        unexpectedExits.add(child.failureDetails());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** A {@link ProgramHostProcess}. */
  private final class HostProcess {

    private final ManagedProcess child;
    private final Map<String, CompletableFuture<String>> answers = new ConcurrentHashMap<>();

    HostProcess() throws IOException, InterruptedException {
      child = new ManagedProcess(command(cached()));
      Thread.startVirtualThread(this::listen);
    }

    Instance start(ProgramConfig config, boolean alone) throws IOException, InterruptedException {
      String id = String.valueOf(ids.incrementAndGet());
      String upstreams =
          config.upstreams().stream().map(it -> " " + it.getPort()).collect(joining());
      String answer =
          ask(
              "listening " + id,
              "start %s %s %d %d%s"
                  .formatted(
                      id,
                      URLEncoder.encode(config.folder().toString(), UTF_8),
                      config.deadline().toMillis(),
                      config.address().getPort(),
                      upstreams));
      int port = Integer.parseInt(answer);
      InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
      return new Hosted(this, id, address, alone);
    }

    /** Sends a command, and waits for the answer that begins with these two words. */
    private String ask(String expected, String command) throws IOException, InterruptedException {
      CompletableFuture<String> answer = new CompletableFuture<>();
      answers.put(expected.substring(expected.indexOf(' ') + 1), answer);
      tell(command);
      try {
        return answer.get(START.toMillis(), TimeUnit.MILLISECONDS);
      } catch (ExecutionException e) {
        throw new IOException("%s did not come up: %s".formatted(name(), message(e)), e);
      } catch (TimeoutException e) {
        throw new IOException(
            "%s did not come up: %s".formatted(name(), child.failureDetails()), e);
      }
    }

    private void tell(String command) throws IOException {
      synchronized (child) {
        child.input().write((command + "\n").getBytes(UTF_8));
        child.input().flush();
      }
    }

    private void listen() {
      try {
        while (true) {
          Optional<String> line = child.line(START);
          if (line.isEmpty()) {
            if (!child.awaitEnd(EXIT_DELAY)) { // The output ends shortly before the process.
              continue;
            }
            String details = child.failureDetails();
            answers.values().forEach(it -> it.completeExceptionally(new IOException(details)));
            return;
          }
          List<String> words = List.of(line.get().split(" ", 3));
          if (words.size() < 2 || !ProgramHostProcess.ANSWERS.contains(words.getFirst())) {
            child.addUnexpectedOutput(line.get()); // From a library, or from the JVM.
            continue;
          }
          CompletableFuture<String> answer = answers.remove(words.get(1));
          if (answer != null) {
            if (words.getFirst().equals("failed")) {
              answer.completeExceptionally(new IOException(words.getLast()));
            } else {
              answer.complete(words.getLast());
            }
          }
        }
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static String message(ExecutionException e) {
    return e.getCause() == null ? String.valueOf(e) : String.valueOf(e.getCause().getMessage());
  }

  /** An instance in a {@link HostProcess}. */
  private final class Hosted implements Instance {

    private final HostProcess host;
    private final String id;
    private final InetSocketAddress address;
    private final boolean alone;
    private final CompletableFuture<String> stopped = new CompletableFuture<>();

    Hosted(HostProcess host, String id, InetSocketAddress address, boolean alone) {
      this.host = host;
      this.id = id;
      this.address = address;
      this.alone = alone;
    }

    @Override
    public InetSocketAddress address() {
      return address;
    }

    @Override
    public Optional<ProcessHandle> process() {
      return Optional.of(host.child.handle());
    }

    @Override
    public boolean countsObjects() {
      return Histogram.isAvailable();
    }

    @Override
    public OptionalLong reachableObjects() throws IOException, InterruptedException {
      return Histogram.reachableObjects(host.child.handle(), source);
    }

    @Override
    public OptionalLong errorBytes() {
      return OptionalLong.of(host.child.errorBytes());
    }

    @Override
    public void stop() {
      host.answers.put(id, stopped);
      try {
        host.tell("stop " + id);
      } catch (IOException e) {
        stopped.completeExceptionally(e);
      }
    }

    @Override
    public boolean awaitEnd(Duration within) throws InterruptedException {
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
      if (alone) {
        noteIfEnded(host.child);
        host.child.kill();
        return;
      }
      stop();
      try {
        awaitEnd(END);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public synchronized void close() {
    shared.ifPresent(it -> it.child.close());
    shared = Optional.empty();
  }
}
