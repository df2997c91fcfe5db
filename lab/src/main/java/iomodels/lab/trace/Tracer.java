package iomodels.lab.trace;

import iomodels.lab.trace.Phases.Told;
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
 * Records what a server of {@code upper} does, call by call, while it serves three clients: A
 * talks, with pauses; B connects, says nothing for long and then talks; C sends 6 MiB, reads
 * nothing for a while, and then slowly. The same schedule for every server, of about two seconds,
 * and as much longer as a server takes that serves one after another.
 *
 * <p>A server that is traced is many times slower than one that is not: what it does and in which
 * order is as in freedom, how long it takes is not.
 */
public final class Tracer {

  /** For one server after another, whatever it does. */
  private static final Duration LIMIT = Duration.ofSeconds(15);

  /** What strace may have written by then; a server that polls writes some 10 MB. */
  private static final long MOST_BYTES = 128L * 1024 * 1024;

  private static final int BETWEEN_LOOKS = 20;

  /** How often is looked for the end of a server when its clients or strace have seen it. */
  private static final int LOOKS = 250;

  /** For the clients' threads to be there when the script begins. */
  private static final long PREPARATION = 100_000;

  /** For what a server does once its clients are gone. */
  private static final int AFTERMATH = 60;

  private static final String OF_RINGS =
      "With io_uring the kernel copies inside io_uring_enter as well: what is shown as waiting is"
          + " both.";

  private final String strace;
  private final Duration limit;

  private Tracer(String strace, Duration limit) {
    this.strace = strace;
    this.limit = limit;
  }

  /**
   * By the strace that is here.
   *
   * @throws IOException if there is none
   */
  public static Tracer here() throws IOException, InterruptedException {
    return new Tracer(Strace.version(), LIMIT);
  }

  /** The same, which waits for a server so long at most; 15 s are enough but on a busy machine. */
  public Tracer within(Duration atMost) {
    return new Tracer(strace, atMost);
  }

  /** The version of strace. */
  public String strace() {
    return strace;
  }

  /**
   * Records one server, which nobody else is served by.
   *
   * @param address where it listens
   * @param process its own, or that of the shell that started it
   * @param progress told what is being done
   * @throws NotPermittedException if strace may not trace it
   * @throws IOException if strace fails, or the server does not even take a connection
   */
  public Trace record(InetSocketAddress address, ProcessHandle process, Consumer<String> progress)
      throws IOException, InterruptedException {
    ThreadNames names = new ThreadNames(process);
    progress.accept("rehearsing");
    names.look();
    try (Rehearsal _ = new Rehearsal(address)) {
      names.learn();
    }
    progress.accept("recording");
    try (Strace strace = Strace.attach(names.processes().toList())) {
      Recording recording = new Recording(names, strace, process, limit);
      List<ScriptedClient> clients = recording.play(address);
      long micros = Clock.micros() - recording.beginning;
      strace.detach();
      progress.accept("reading");
      return recording.read(clients, micros);
    }
  }

  /** One record in the making. */
  private static final class Recording {

    private final ThreadNames names;
    private final Strace strace;
    private final ProcessHandle process;
    private final long beginning = Clock.micros() + PREPARATION;
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

    /** Lets the clients play, until they are done or there is no use in waiting. */
    private List<ScriptedClient> play(InetSocketAddress address)
        throws IOException, InterruptedException {
      List<ScriptedClient> clients =
          Script.all().stream()
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
          awaitEnd(); // That is how clients see the end of a server, perhaps before we do.
        }
        note = trouble();
      }
      List<String> undone =
          clients.stream().filter(it -> !it.isDone()).map(ScriptedClient::name).toList();
      if (note.isEmpty() && !undone.isEmpty()) {
        note =
            "After %d s the server was not done with %s."
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
        awaitEnd(); // strace ends with what it traces, and is perhaps seen to end first.
      }
      if (!process.isAlive()) {
        return "The server ended before its clients were done.";
      }
      if (!strace.isAlive()) {
        return "strace ended before the clients were done.";
      }
      if (strace.bytes() > MOST_BYTES) {
        return "The server made so many calls that the record was ended early.";
      }
      return "";
    }

    private Trace read(List<ScriptedClient> clients, long micros) throws IOException {
      List<Peer> peers =
          clients.stream().map(it -> new Peer(it.name(), it.port(), it.events())).toList();
      List<Traced> calls = calls();
      Phases phases = new Phases(peers, beginning, micros);
      Map<Long, List<Call>> byThread = new TreeMap<>();
      Set<Long> onNetwork = new HashSet<>();
      for (Traced traced : calls) {
        phases
            .tell(traced.raw)
            .ifPresent(
                (Told told) -> {
                  byThread.computeIfAbsent(traced.thread, _ -> new ArrayList<>()).add(told.call());
                  if (told.network()) {
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
          peers.stream().map(it -> new Trace.Client(it.name(), it.events())).toList(),
          Folding.fold(tracks(byThread), Folding.ENOUGH));
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
          note = "strace's output is cut off.";
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
