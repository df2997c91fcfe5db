package iomodels.lab.trace;

import iomodels.lab.trace.Phases.Classified;
import iomodels.lab.trace.StraceParser.Raw;
import iomodels.lab.trace.Trace.Track;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Records the system calls of a server of {@code upper} while it serves three clients. A sends
 * messages with pauses. B connects, is silent for long, and then sends. C sends 6 MiB, reads
 * nothing for a while, and then reads slowly. The schedule is the same for every server. It takes
 * about two seconds, or longer if the server serves one client after the other.
 *
 * <p>A traced server is many times slower than one without strace: the calls and their order are
 * real, the durations are not.
 */
public final class Tracer {

  /** Longest record of a server. */
  private static final Duration LIMIT = Duration.ofSeconds(15);

  /** Largest output of strace; for a polling server it is about 10 MB. */
  private static final long MOST_BYTES = 128L * 1024 * 1024;

  /** Milliseconds between two looks at the threads. */
  private static final int BETWEEN_LOOKS = 20;

  /**
   * How often to look for the end of a server's process after clients or strace have noticed it.
   */
  private static final int LOOKS = 250;

  /** Microseconds for starting the clients' threads before the script begins. */
  private static final long PREPARATION = 100_000;

  /** Milliseconds for the server's work after its clients have closed their connections. */
  private static final int AFTERMATH = 60;

  private static final String OF_RINGS =
      "With io_uring the kernel also copies inside io_uring_enter: the time shown as waiting"
          + " includes copying.";

  private final String strace;
  private final Duration limit;

  private Tracer(String strace, Duration limit) {
    this.strace = strace;
    this.limit = limit;
  }

  /**
   * Creates a tracer with the installed strace.
   *
   * @throws IOException if strace is missing
   */
  public static Tracer here() throws IOException, InterruptedException {
    return new Tracer(Strace.version(), LIMIT);
  }

  /** Returns a copy with another limit for a record; the default is 15 s. */
  public Tracer within(Duration atMost) {
    return new Tracer(strace, atMost);
  }

  /** The version of strace. */
  public String strace() {
    return strace;
  }

  /**
   * Records one server, which must have no other clients.
   *
   * @param address its TCP address
   * @param process its process, or that of the shell that started it
   * @param progress receives a word for each stage
   * @throws NotPermittedException if tracing is not permitted
   * @throws IOException if strace fails, or the server accepts no connection
   */
  public Trace record(InetSocketAddress address, ProcessHandle process, Consumer<String> progress)
      throws IOException, InterruptedException {
    ThreadNames names = new ThreadNames(process);
    progress.accept("warming up");
    names.look();
    try (WarmUpClients _ = new WarmUpClients(address)) {
      names.learn();
    }
    progress.accept("recording");
    try (Strace strace = Strace.attach(names.processes().toList());
        SocketBuffers buffers = SocketBuffers.watch(address.getPort())) {
      Recording recording = new Recording(names, strace, process, limit);
      List<ScriptedClient> clients = recording.runClients(address);
      long micros = WallClock.micros() - recording.beginning;
      strace.detach();
      progress.accept("reading");
      return recording.read(clients, buffers, micros);
    }
  }

  /** A record in progress. */
  private static final class Recording {

    private final ThreadNames names;
    private final Strace strace;
    private final ProcessHandle process;
    private final long beginning = WallClock.micros() + PREPARATION;
    private final Duration patience;
    private final long limit;
    private String note = "";

    Recording(ThreadNames names, Strace strace, ProcessHandle process, Duration patience) {
      this.names = names;
      this.strace = strace;
      this.process = process;
      this.patience = patience;
      limit = beginning + TimeUnit.MICROSECONDS.convert(patience);
    }

    /** Runs the clients until they are done, or the record has failed. */
    private List<ScriptedClient> runClients(InetSocketAddress address)
        throws IOException, InterruptedException {
      List<ScriptedClient> clients =
          ClientScript.all().stream()
              .map(it -> new ScriptedClient(it, address, beginning, limit))
              .toList();
      List<Thread> threads =
          clients.stream()
              .map(it -> Thread.ofPlatform().daemon().name("client-" + it.name()).start(it))
              .toList();
      try {
        while (threads.stream().anyMatch(Thread::isAlive) && note.isEmpty()) {
          names.look();
          note = trouble();
          Thread.sleep(BETWEEN_LOOKS);
        }
        Thread.sleep(AFTERMATH);
      } finally {
        threads.forEach(Thread::interrupt);
        for (Thread thread : threads) {
          thread.join();
        }
      }
      if (note.isEmpty()) {
        if (clients.stream().anyMatch(ScriptedClient::wasReset)) {
          awaitEnd(); // Clients may notice the end of a server before its process has ended.
        }
        note = trouble();
      }
      List<String> undone =
          clients.stream().filter(it -> !it.isDone()).map(ScriptedClient::name).toList();
      if (note.isEmpty() && !undone.isEmpty()) {
        note =
            "After %d s the server had not finished serving %s."
                .formatted(patience.toSeconds(), String.join(" and ", undone));
      }
      return clients;
    }

    private void awaitEnd() throws InterruptedException {
      for (int i = 0; i < LOOKS && process.isAlive(); i++) {
        Thread.sleep(BETWEEN_LOOKS);
      }
    }

    private String trouble() throws IOException, InterruptedException {
      if (!strace.isAlive()) {
        awaitEnd(); // strace ends with the process that it traces, and perhaps a little earlier.
      }
      if (!process.isAlive()) {
        return "The server ended before its clients were finished.";
      }
      if (!strace.isAlive()) {
        return "strace ended before the clients were finished.";
      }
      if (strace.bytes() > MOST_BYTES) {
        return "The server made so many calls that the recording ended early.";
      }
      return "";
    }

    private Trace read(List<ScriptedClient> clients, SocketBuffers buffers, long micros)
        throws IOException {
      List<ClientLog> logs =
          clients.stream().map(it -> new ClientLog(it.name(), it.port(), it.events())).toList();
      List<Traced> calls = calls();
      Phases phases = new Phases(logs, beginning, micros);
      Map<Long, List<Call>> byThread = new TreeMap<>();
      Set<Long> onNetwork = new HashSet<>();
      for (Traced traced : calls) {
        phases
            .classify(traced.raw)
            .ifPresent(
                (Classified classified) -> {
                  byThread
                      .computeIfAbsent(traced.thread, _ -> new ArrayList<>())
                      .add(classified.call());
                  if (classified.network()) {
                    onNetwork.add(traced.thread);
                  }
                });
      }
      byThread.keySet().retainAll(onNetwork);
      boolean complete = note.isEmpty();
      boolean rings =
          calls.stream().anyMatch(it -> onNetwork.contains(it.thread) && Phases.isRing(it.raw));
      return new Trace(
          micros,
          complete,
          rings ? (note + " " + OF_RINGS).strip() : note,
          logs.stream()
              .map(it -> new Trace.Client(it.name(), it.events(), buffers.of(it.port(), beginning)))
              .toList(),
          CallAggregator.aggregate(tracks(byThread), CallAggregator.ENOUGH));
    }

    /** All calls of all threads, in the order in which they ended. */
    private List<Traced> calls() throws IOException {
      List<Traced> calls = new ArrayList<>();
      for (Map.Entry<Long, Path> file : strace.files().entrySet()) {
        List<Raw> own = new ArrayList<>();
        StraceParser parser = new StraceParser(own::add);
        try (BufferedReader lines =
            Files.newBufferedReader(file.getValue(), StandardCharsets.ISO_8859_1)) {
          lines.lines().forEach(parser::line);
        }
        parser.end();
        Restarts.named(own).forEach(raw -> calls.add(new Traced(file.getKey(), raw)));
        if (parser.isCutOff() && note.isEmpty()) {
          note = "The output of strace is truncated.";
        }
      }
      calls.sort(Comparator.comparingLong(Traced::end));
      return calls;
    }

    private List<Track> tracks(Map<Long, List<Call>> byThread) {
      boolean several = byThread.keySet().stream().map(names::process).distinct().count() > 1;
      List<Long> processes = byThread.keySet().stream().map(names::process).distinct().toList();
      Map<Long, String> called = new TreeMap<>();
      Map<String, Integer> bearers = new HashMap<>();
      for (long thread : byThread.keySet()) {
        String name = names.name(thread);
        String whole =
            several
                ? "process %d: %s".formatted(processes.indexOf(names.process(thread)) + 1, name)
                : name;
        called.put(thread, whole);
        bearers.merge(whole, 1, Integer::sum);
      }
      Map<String, Integer> numbers = new HashMap<>();
      List<Track> tracks = new ArrayList<>();
      called.forEach(
          (thread, name) -> {
            String unique =
                bearers.getOrDefault(name, 1) == 1
                    ? name
                    : name + " " + numbers.merge(name, 1, Integer::sum);
            List<Call> calls = new ArrayList<>(byThread.getOrDefault(thread, List.of()));
            calls.sort(Comparator.comparingLong(Call::start));
            tracks.add(new Track(unique, calls));
          });
      return tracks;
    }
  }

  /** A call, and the thread that made it. */
  private record Traced(long thread, Raw raw) {

    long end() {
      return raw.duration().map(it -> raw.start() + it).orElse(Long.MAX_VALUE);
    }
  }
}
