package iomodels.conformance.rules;

import static iomodels.conformance.Bound.IDLE_STOP;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Bound.STOP;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.conformance.Rule.Level.SHOULD;
import static iomodels.service.Services.FLOOD;
import static iomodels.service.Services.UPPER;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.PausedProcess;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Need;
import iomodels.conformance.Trial;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Section 9: how a server comes and goes. */
final class LifeRules {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "9.01",
              MUST,
              "Announce the real port, once ready to serve.",
              UPPER,
              Set.of(Need.LIFE),
              LifeRules::announces),
          new Rule(
              "9.02",
              MUST,
              "Restart on the same port at once.",
              UPPER,
              Set.of(Need.LIFE),
              LifeRules::restarts),
          new Rule(
              "9.03",
              MUST,
              "On stop, refuse new clients, deliver whole a reply that has begun, then end.",
              FLOOD,
              Set.of(Need.LIFE, Need.TIMED),
              LifeRules::drains),
          new Rule(
              "9.04",
              MUST,
              "Do not let an idle client hold up the stop.",
              UPPER,
              Set.of(Need.LIFE, Need.TIMED),
              LifeRules::stopsBesideIdle),
          new Rule(
              "9.05",
              MUST,
              "Fail fast and clearly on a port that is in use.",
              UPPER,
              Set.of(Need.LIFE),
              LifeRules::busyPort),
          new Rule(
              "9.06",
              MUST,
              "On stop, answer all that had been sent before it, then FIN.",
              UPPER,
              Set.of(Need.LIFE, Need.TIMED),
              LifeRules::answersWhatWasSent),
          new Rule(
              "9.07",
              MUST,
              "On stop, deliver all pending replies to each of many clients, whatever the state of"
                  + " its conversation.",
              FLOOD,
              Set.of(Need.LIFE, Need.CONCURRENT, Need.TIMED),
              LifeRules::deliversToACrowd),
          new Rule(
              "9.08",
              SHOULD,
              "On stop, answer clients whose connections were complete, but not accepted yet.",
              UPPER,
              Set.of(Need.LIFE, Need.PROCESS, Need.TIMED),
              LifeRules::acceptsTheQueue));

  private static final long OWED = 12_000_000;
  private static final int SMALL_WINDOW = 16 * 1024;

  /**
   * About what the kernels hold of an unread conversation, less than what takes a busy machine the
   * grace period.
   */
  private static final long PIPELINED = 10 << 20;

  private static final int BLOCK = 64 * 1024;
  private static final long BETWEEN_TRIES_MILLIS = 20;
  private static final int CROWD = 200;

  /** Less than the grace period: who is cut off later than that may be cut off for being slow. */
  private static final Duration IN_TIME = Duration.ofSeconds(2);

  /** A server that is silent for all of the kit's patience is not one that cuts off in time. */
  private static final String NOTHING_CAME = "nothing came";

  private static final int QUEUED = 40;

  private LifeRules() {}

  private static void announces(Trial trial) throws Broken, IOException, InterruptedException {
    Instance server = trial.launch(0);
    if (server.address().getPort() == 0) {
      throw new Broken("the real port", "it announced port 0");
    }
    Peer peer = trial.connect(server);
    peer.send("ready?");
    peer.expect("READY?");
  }

  private static void restarts(Trial trial) throws Broken, IOException, InterruptedException {
    Instance first = trial.launch(0);
    Peer peer = trial.connect(first);
    peer.send("one");
    peer.expect("ONE");
    // The server closes first, so that its end of the connection stays in TIME_WAIT.
    trial.stop(first);
    peer.expectFin();
    peer.close();
    awaitEnd(trial, first);
    Instance second;
    try {
      second = trial.launch(first.address().getPort());
    } catch (IOException e) {
      throw new Broken(
          "a server on port %d again".formatted(first.address().getPort()),
          "it did not start: " + e.getMessage());
    }
    Peer again = trial.connect(second);
    again.send("two");
    again.expect("TWO");
  }

  private static void drains(Trial trial) throws Broken, IOException, InterruptedException {
    Instance server = trial.launch(0);
    Peer owed = trial.connectWithWindow(server, SMALL_WINDOW);
    owed.send(OWED + "\n");
    owed.expect(new byte[] {0});
    trial.stop(server);
    awaitRefusal(trial, server);
    Peer.Stream flood = Text::flood;
    owed.expectStream(flood.from(1), OWED - 1);
    owed.expectFin();
    owed.close();
    awaitEnd(trial, server);
  }

  private static void stopsBesideIdle(Trial trial)
      throws Broken, IOException, InterruptedException {
    Instance server = trial.launch(0);
    Peer idle = trial.connect(server);
    idle.send("hello");
    idle.expect("HELLO");
    // Idle from now on; and so is another, who may not even have been accepted by then.
    Peer silent = trial.connect(server);
    trial.stop(server);
    if (!server.awaitEnd(trial.time(IDLE_STOP))) {
      demandQuickStopWithoutClients(trial);
      throw new Broken(
          "an end within %,d ms".formatted(trial.time(IDLE_STOP).toMillis()),
          "the server still runs, beside a client that is idle");
    }
    idle.close();
    silent.close();
  }

  /** The control: the same server, with nobody to wait for. */
  private static void demandQuickStopWithoutClients(Trial trial)
      throws IOException, InterruptedException {
    Instance control = trial.launch(0);
    trial.stop(control);
    if (!control.awaitEnd(trial.time(IDLE_STOP))) {
      throw new Inconclusive("without any client it takes as long to stop");
    }
  }

  /**
   * What the client has sent is with its kernel, in part, since the server has had no room for it:
   * it comes as the server takes it, and only then is there nothing owed.
   */
  private static void answersWhatWasSent(Trial trial)
      throws Broken, IOException, InterruptedException {
    Instance server = trial.launch(0);
    Peer peer = trial.connectWithWindow(server, BLOCK);
    Peer.Stream stream = Text.stream(trial.random().nextInt());
    long sent = peer.sendUntilFull(stream, PIPELINED);
    trial.stop(server);
    peer.pause(trial.time(SILENCE)); // the stop finds the server with its hands full
    peer.expectStream(Text.upper(stream), sent);
    peer.expectFin();
    peer.close();
    awaitEnd(trial, server);
  }

  private static void busyPort(Trial trial) throws Broken, IOException, InterruptedException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Instance server;
      try {
        server = trial.launch(taken.getLocalPort());
      } catch (IOException e) {
        String words = String.valueOf(e.getMessage());
        if (!words.contains("in use") && !words.contains(String.valueOf(taken.getLocalPort()))) {
          throw new Broken(
              "an error that names the port or says that it is in use", "got " + words);
        }
        return;
      }
      throw new Broken("an error", "a server claims to listen at " + server.address());
    }
  }

  private static void awaitEnd(Trial trial, Instance server) throws Broken, InterruptedException {
    if (!server.awaitEnd(trial.time(STOP))) {
      throw new Broken(
          "an end within %,d ms".formatted(trial.time(STOP).toMillis()), "the server still runs");
    }
  }

  /** A new client is refused: not at the very moment of the stop, but before the drain is over. */
  private static void awaitRefusal(Trial trial, Instance server)
      throws Broken, IOException, InterruptedException {
    long deadline = System.nanoTime() + trial.time(IDLE_STOP).toNanos();
    while (System.nanoTime() < deadline) {
      try (Peer late = trial.connect(server)) {
        late.send("1\n");
        if (late.endsWithoutAWord(trial.time(SILENCE))) {
          return;
        }
      } catch (Broken _) {
        return;
      }
      TimeUnit.MILLISECONDS.sleep(BETWEEN_TRIES_MILLIS);
    }
    throw new Broken("a new client to be refused", "it was served");
  }

  /**
   * A state of a conversation when the stop comes, and how it has to end; in the order in which
   * they are begun, since a server lingers for a while only.
   */
  private enum State {
    IDLE {
      @Override
      void begin(Peer peer) throws Broken {
        peer.send("1\n");
        peer.expect(new byte[] {0});
      }

      @Override
      void end(Peer peer, Duration since) throws Broken {
        peer.expectFin();
      }
    },
    IN_A_REQUEST {
      @Override
      void begin(Peer peer) throws Broken {
        peer.send("1\n12");
        peer.expect(new byte[] {0});
      }

      @Override
      void end(Peer peer, Duration since) throws Broken {
        peer.finishSending();
        peer.drain();
      }
    },
    IN_A_REPLY {
      @Override
      void begin(Peer peer) throws Broken {
        peer.send(SHARE + "\n");
        peer.expect(new byte[] {0});
      }

      @Override
      void end(Peer peer, Duration since) throws Broken {
        Peer.Stream flood = Text::flood;
        peer.expectStream(flood.from(1), SHARE - 1);
        peer.expectFin();
      }
    },
    HALF_CLOSED {
      @Override
      void begin(Peer peer) throws Broken {
        IN_A_REPLY.begin(peer);
        peer.finishSending();
      }

      @Override
      void end(Peer peer, Duration since) throws Broken {
        IN_A_REPLY.end(peer, since);
      }
    },
    LINGERING {
      @Override
      void begin(Peer peer) throws Broken {
        peer.send(SHARE + "\nno count\n" + "unread\n".repeat(100));
        peer.expect(new byte[] {0});
      }

      @Override
      void end(Peer peer, Duration since) throws Broken {
        // If it has closed, what comes now is answered by RST, and that destroys the reply.
        if (since.compareTo(LINGER) < 0) {
          peer.send("more\n");
        }
        Peer.Stream flood = Text::flood;
        peer.expectStream(flood.from(1), SHARE - 1);
        peer.expect("ERR expected a count\n");
        peer.expectFin();
      }
    };

    /** What the kernels hold in part, of one of many clients. */
    private static final int SHARE = 60_000;

    /** For as long any server may be expected to wait for a client's FIN. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    abstract void begin(Peer peer) throws Broken;

    /**
     * Takes what the client is owed.
     *
     * @param since how long ago the conversation came to this state
     */
    abstract void end(Peer peer, Duration since) throws Broken;
  }

  private static void deliversToACrowd(Trial trial)
      throws Broken, IOException, InterruptedException {
    Instance server = trial.launch(0);
    List<Client> crowd = new ArrayList<>();
    int clients = trial.atOnce(CROWD);
    for (int i = 0; i < clients; i++) {
      State state = State.values()[i * State.values().length / clients];
      Peer peer = trial.connectWithWindow(server, SMALL_WINDOW);
      state.begin(peer);
      crowd.add(new Client(peer, state, System.nanoTime()));
    }
    trial.stop(server);
    long stopped = System.nanoTime();
    crowd.getFirst().peer().pause(trial.time(SILENCE)); // A server may take silence for the end.
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Optional<String>>> ends = new ArrayList<>();
      for (Client each : crowd) {
        ends.add(executor.submit(() -> each.end(stopped)));
      }
      List<String> losses = new ArrayList<>();
      for (Future<Optional<String>> each : ends) {
        each.get().ifPresent(losses::add);
      }
      if (!losses.isEmpty()) {
        throw new Broken(
            "what is owed to each of %d clients".formatted(clients),
            "%d lost something, the first %s".formatted(losses.size(), losses.getFirst()));
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Inconclusive reason ? reason : new IOException(e.getCause());
    }
    awaitEnd(trial, server);
  }

  /** One of the crowd. */
  private record Client(Peer peer, State state, long begun) {

    /** Takes what it is owed; what it lost, or empty if that was nothing. */
    Optional<String> end(long stopped) throws IOException {
      try {
        state.end(peer, Duration.ofNanos(System.nanoTime() - begun));
        return Optional.empty();
      } catch (Broken e) {
        boolean cutOff = !String.valueOf(e.getMessage()).contains(NOTHING_CAME);
        if (cutOff && System.nanoTime() - stopped > IN_TIME.toNanos()) {
          throw new Inconclusive("so late that the grace period may be over: " + e.getMessage(), e);
        }
        return Optional.of("%s: %s".formatted(state, e.getMessage()));
      } finally {
        peer.close();
      }
    }
  }

  /** While the server cannot run, the kernel completes connections for it: tcp(7), listen(2). */
  private static void acceptsTheQueue(Trial trial)
      throws Broken, IOException, InterruptedException {
    Instance server = trial.launch(0);
    Peer first = trial.connect(server);
    first.send("first");
    first.expect("FIRST");
    first.finishSending();
    first.expectFin();
    List<Peer> queued = new ArrayList<>();
    try (PausedProcess _ = trial.pause(server)) {
      for (int i = 0; i < QUEUED; i++) {
        Optional<Peer> peer = trial.connectWithin(server, trial.time(SILENCE));
        if (peer.isEmpty()) {
          break; // The queue is full: it may be shorter.
        }
        peer.get().send("queued " + i);
        peer.get().finishSending();
        queued.add(peer.get());
      }
      trial.stop(server);
    }
    if (queued.isEmpty()) {
      throw new Inconclusive("no connection was completed while the server did not run");
    }
    for (int i = 0; i < queued.size(); i++) {
      queued.get(i).expect("QUEUED " + i);
      queued.get(i).expectFin();
    }
    awaitEnd(trial, server);
  }
}
