package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.service.Services.FLOOD;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Many clients in every state of a conversation, at the moment at which a server has to stop. */
final class CrowdAtStop {

  private static final int CROWD = 200;
  private static final int SMALL_WINDOW = 16 * 1024;
  private static final byte[] MORE = "more\n".getBytes(US_ASCII);
  private static final int ROUNDS = 4;
  private static final long BETWEEN_ROUNDS_MILLIS = 20;

  private CrowdAtStop() {}

  /**
   * The state of a conversation at the stop, and its required end. In the order in which the
   * conversations begin: LINGERING comes last, since a server lingers for a limited time.
   */
  private enum State {
    BLOCKED {
      @Override
      void begin(Exchange exchange, Peer peer) throws Broken {
        LongReply.begin(peer, LONG, "5\n7\n");
      }

      @Override
      void end(Exchange exchange, Peer peer) throws Broken {
        new LongReply(peer, LONG).expectFrom(1);
        peer.expect(exchange.reply(4));
        peer.expect(exchange.reply(6));
        peer.expectFin();
      }

      @Override
      boolean appliesTo(Exchange exchange) {
        return exchange.is(FLOOD);
      }
    },
    BLOCKED_AND_HALF_CLOSED {
      @Override
      void begin(Exchange exchange, Peer peer) throws Broken {
        LongReply.begin(peer, LONG, "");
        peer.finishSending();
      }

      @Override
      void end(Exchange exchange, Peer peer) throws Broken {
        new LongReply(peer, LONG).expectFrom(1);
        peer.expectFin();
      }

      @Override
      boolean appliesTo(Exchange exchange) {
        return exchange.is(FLOOD);
      }
    },
    IDLE {
      @Override
      void begin(Exchange exchange, Peer peer) throws Broken {
        exchange.hold(peer, 1);
      }

      @Override
      void end(Exchange exchange, Peer peer) throws Broken {
        peer.expectFin();
      }
    },
    IN_A_REQUEST {
      @Override
      void begin(Exchange exchange, Peer peer) throws Broken {
        exchange.hold(peer, 1);
        peer.send(exchange.begun(1));
      }

      @Override
      void end(Exchange exchange, Peer peer) throws Broken {
        peer.finishSending();
        peer.drain();
      }

      @Override
      boolean appliesTo(Exchange exchange) {
        return exchange.refuses();
      }
    },
    IN_A_REPLY {
      @Override
      void begin(Exchange exchange, Peer peer) throws Broken {
        if (exchange.is(FLOOD)) {
          peer.send(SHARE + "\n");
          peer.expect(new byte[] {0});
        } else if (exchange.pipelines()) {
          byte[] requests = new byte[(int) exchange.flow(SHARE).whole(SHARE)];
          exchange.flow(SHARE).requests().fill(requests, requests.length, 0);
          peer.send(requests);
        } else {
          peer.send(exchange.request(1));
        }
      }

      @Override
      void end(Exchange exchange, Peer peer) throws Broken {
        if (exchange.is(FLOOD)) {
          Peer.BytePattern flood = Text::flood;
          peer.expectStream(flood.from(1), SHARE - 1);
        } else if (exchange.pipelines()) {
          Exchange.Flow flow = exchange.flow(SHARE);
          peer.expectStream(flow.replies(), flow.whole(SHARE));
        } else {
          peer.expect(exchange.reply(1));
        }
        peer.expectFin();
      }
    },
    HALF_CLOSED {
      @Override
      void begin(Exchange exchange, Peer peer) throws Broken {
        IN_A_REPLY.begin(exchange, peer);
        peer.finishSending();
      }

      @Override
      void end(Exchange exchange, Peer peer) throws Broken {
        IN_A_REPLY.end(exchange, peer);
      }
    },
    LINGERING {
      @Override
      void begin(Exchange exchange, Peer peer) throws Broken {
        if (exchange.is(FLOOD)) {
          IN_A_REPLY.begin(exchange, peer);
          peer.send("no count\n" + "unread\n".repeat(100));
        } else {
          exchange.hold(peer, 1);
          peer.send(exchange.refusedRequest());
          peer.send("unread\n".repeat(100));
        }
      }

      @Override
      void end(Exchange exchange, Peer peer) throws Broken {
        if (exchange.is(FLOOD)) {
          Peer.BytePattern flood = Text::flood;
          peer.expectStream(flood.from(1), SHARE - 1);
        }
        peer.expect(exchange.error());
        peer.expectFin();
      }

      @Override
      boolean appliesTo(Exchange exchange) {
        return exchange.refuses();
      }

      @Override
      boolean afterStop(Peer peer) {
        return peer.sendUnlessReset(MORE); // If the server has closed, its kernel answers with RST.
      }
    };

    /** Length of a reply that the kernel's buffers take. */
    private static final int SHARE = 60_000;

    /** Length of a reply of which the most is still pending in the server. */
    private static final long LONG = 12_000_000;

    /** A little less than the time for which every server has to linger. */
    static final Duration LINGER = Duration.ofMillis(180);

    /** Returns whether a conversation of this service can be in this state. */
    boolean appliesTo(Exchange exchange) {
      return true;
    }

    /** Returns whether one client in this state is enough: its reply is long. */
    boolean isRare() {
      return this == BLOCKED || this == BLOCKED_AND_HALF_CLOSED;
    }

    abstract void begin(Exchange exchange, Peer peer) throws Broken;

    /** Sends what a server that has been told to stop must still accept; false if it resets. */
    boolean afterStop(Peer peer) {
      return true;
    }

    /** Receives all pending replies. */
    abstract void end(Exchange exchange, Peer peer) throws Broken;
  }

  static void demandReplies(TestContext context) throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    int clients = context.atOnce(CROWD);
    Instance server = context.launchAlone(); // This rule tries SIGTERM.
    List<Client> crowd = new ArrayList<>();
    for (State state : states(exchange, clients)) {
      Peer peer = context.connectWithWindow(server, SMALL_WINDOW);
      long begun = System.nanoTime();
      state.begin(exchange, peer);
      crowd.add(new Client(exchange, peer, state, begun));
    }
    PendingAtStop pending = PendingAtStop.stop(context, server);
    List<Client> judged = new ArrayList<>(crowd);
    Optional<Broken> reset = Optional.empty();
    for (int i = 0; i < ROUNDS; i++) {
      for (Client each : crowd) {
        try {
          if (!each.afterStop()) {
            judged.remove(each);
          }
        } catch (Broken e) {
          reset = Optional.of(e);
        }
      }
      TimeUnit.MILLISECONDS.sleep(BETWEEN_ROUNDS_MILLIS); // The server acts on the stop meanwhile.
    }
    crowd
        .getFirst()
        .peer()
        .pause(context.time(SILENCE)); // Silence, which is not the end of the input.
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Optional<String>>> ends = new ArrayList<>();
      for (Client each : judged) {
        ends.add(executor.submit(() -> each.end(pending)));
      }
      List<String> losses = new ArrayList<>();
      for (Future<Optional<String>> each : ends) {
        each.get().ifPresent(losses::add);
      }
      if (!losses.isEmpty()) {
        throw new Broken(
            "all pending replies for each of %d clients".formatted(clients),
            "%d client%s lost data; the first one: %s"
                .formatted(losses.size(), losses.size() == 1 ? "" : "s", losses.getFirst()));
      }
      if (reset.isPresent()) {
        throw reset.get();
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Inconclusive reason ? reason : new IOException(e.getCause());
    }
    Shutdown.demandEnd(context, server);
  }

  /** Returns a state for each client, in their order. */
  private static List<State> states(Exchange exchange, int clients) {
    List<State> possible = Stream.of(State.values()).filter(it -> it.appliesTo(exchange)).toList();
    List<State> states = new ArrayList<>(possible.stream().filter(State::isRare).toList());
    List<State> others = possible.stream().filter(it -> !it.isRare()).toList();
    int rest = clients - states.size();
    for (int i = 0; i < rest; i++) {
      states.add(others.get(i * others.size() / rest));
    }
    return states;
  }

  /** A client of the crowd. */
  private record Client(Exchange exchange, Peer peer, State state, long begun) {

    /**
     * Sends a little more in some states.
     *
     * @return whether the server must still have accepted that
     */
    boolean afterStop() throws Broken {
      if (!isEarly()) {
        return true; // It sends nothing more.
      }
      boolean open = state.afterStop(peer);
      boolean inTime = isEarly();
      if (!open && inTime) {
        throw new Broken(
            "%s: a server that reads on after its own FIN, also when it stops".formatted(state),
            "it answered further input with RST");
      }
      return inTime;
    }

    private boolean isEarly() {
      return System.nanoTime() - begun < State.LINGER.toNanos();
    }

    /** Receives all pending replies; returns what was lost, or empty if nothing was. */
    Optional<String> end(PendingAtStop pending) throws IOException, InterruptedException {
      try {
        pending.demand(() -> state.end(exchange, peer));
        return Optional.empty();
      } catch (Broken e) {
        return Optional.of("%s: %s".formatted(state, e.getMessage()));
      } finally {
        peer.close();
      }
    }
  }
}
