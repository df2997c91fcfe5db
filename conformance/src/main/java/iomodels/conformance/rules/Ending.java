package iomodels.conformance.rules;

import static iomodels.service.Services.FLOOD;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** The ways in which a conversation ends, as seen by its client. */
enum Ending {
  /** The client closes without sending anything. */
  CLOSE_AT_ONCE("connect and close") {
    @Override
    void hold(Exchange exchange, Peer peer, int i) {}
  },
  /** The client resets without sending anything. */
  RESET_AT_ONCE("connect and reset") {
    @Override
    void hold(Exchange exchange, Peer peer, int i) throws IOException {
      peer.reset();
    }
  },
  /** The client closes after a reply. */
  CLOSE("close after a reply") {
    @Override
    void hold(Exchange exchange, Peer peer, int i) throws Broken {
      exchange.hold(peer, i);
    }
  },
  /** The client resets after a reply. */
  RESET("reset after a reply") {
    @Override
    void hold(Exchange exchange, Peer peer, int i) throws Broken, IOException {
      exchange.hold(peer, i);
      peer.reset();
    }
  },
  /** The client sends FIN after a reply, and waits for the server's FIN. */
  FIN("send FIN after a reply and wait for FIN") {
    @Override
    void hold(Exchange exchange, Peer peer, int i) throws Broken {
      exchange.holdLast(peer, i);
    }
  },
  /** The client sends a request and FIN, and resets. */
  FIN_AND_RESET("send a request and FIN, and reset") {
    @Override
    void hold(Exchange exchange, Peer peer, int i) throws Broken, IOException {
      peer.send(exchange.request(i));
      peer.finishSending();
      peer.reset();
    }
  },
  /** The client closes with its reply unread, so that the kernel resets. */
  CLOSE_UNREAD("close before they read the reply") {
    @Override
    void hold(Exchange exchange, Peer peer, int i) throws Broken {
      peer.send(exchange.request(i));
    }
  },
  /** The client closes in the middle of a request. */
  CLOSE_IN_REQUEST("close in the middle of a request") {
    @Override
    void hold(Exchange exchange, Peer peer, int i) throws Broken {
      peer.send(exchange.begun(i));
    }

    @Override
    boolean appliesTo(Exchange exchange) {
      return exchange.begun(0).length > 0;
    }
  },
  /** The client resets in the middle of a request. */
  RESET_IN_REQUEST("reset in the middle of a request") {
    @Override
    void hold(Exchange exchange, Peer peer, int i) throws Broken, IOException {
      byte[] begun = exchange.begun(i);
      peer.send(begun.length > 0 ? begun : exchange.request(i));
      peer.reset();
    }
  },
  /** The client resets in the middle of a reply. */
  RESET_IN_REPLY("reset in the middle of a reply") {
    @Override
    void hold(Exchange exchange, Peer peer, int i)
        throws Broken, IOException, InterruptedException {
      beginReply(exchange, peer, i);
      peer.reset();
    }

    @Override
    boolean appliesTo(Exchange exchange) {
      return exchange.pipelines();
    }
  },
  /** The client sends FIN in the middle of a reply, and resets, at once or a moment later. */
  FIN_AND_RESET_IN_REPLY("send FIN and reset in the middle of a reply") {
    @Override
    void hold(Exchange exchange, Peer peer, int i)
        throws Broken, IOException, InterruptedException {
      beginReply(exchange, peer, i);
      peer.finishSending();
      if (i % 2 == 1) {
        peer.pause(SHORTLY); // The server reads the FIN before the reset.
      }
      peer.reset();
    }

    @Override
    boolean appliesTo(Exchange exchange) {
      return exchange.pipelines();
    }
  },
  /** The server refuses a request, and the client closes. */
  REFUSED_AND_CLOSE("close after an error line") {
    @Override
    void hold(Exchange exchange, Peer peer, int i) throws Broken {
      refuse(exchange, peer);
    }

    @Override
    boolean appliesTo(Exchange exchange) {
      return exchange.refuses();
    }
  },
  /** The server refuses a request, and the client resets. */
  REFUSED_AND_RESET("reset after an error line") {
    @Override
    void hold(Exchange exchange, Peer peer, int i) throws Broken, IOException {
      refuse(exchange, peer);
      peer.reset();
    }

    @Override
    boolean appliesTo(Exchange exchange) {
      return exchange.refuses();
    }
  };

  private static final int SMALL_WINDOW = 16 * 1024;
  private static final long MOST_SENT = 8 << 20;

  /** If the server has not done its part by then, the client leaves a little earlier. */
  private static final Duration SHORTLY = Duration.ofMillis(20);

  /** Each of these takes long, since the server fills all buffers. */
  private static final int MOST_IN_REPLY = 20;

  private final String words;

  Ending(String words) {
    this.words = words;
  }

  /** Returns what the clients do, as the rest of "clients that …". */
  String words() {
    return words;
  }

  /** Returns the ways that are possible with a service. */
  static List<Ending> of(Exchange exchange) {
    return Arrays.stream(values()).filter(it -> it.appliesTo(exchange)).toList();
  }

  boolean appliesTo(Exchange exchange) {
    return true;
  }

  abstract void hold(Exchange exchange, Peer peer, int i)
      throws Broken, IOException, InterruptedException;

  /**
   * Lets clients, one after another, end a conversation in this way.
   *
   * @param most how many, at most; fewer if each of them takes long
   * @return how many it were
   */
  int repeat(TestContext context, InetSocketAddress server, int most)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    boolean slow = this == RESET_IN_REPLY || this == FIN_AND_RESET_IN_REPLY;
    int times = slow ? Math.min(most, MOST_IN_REPLY) : most;
    for (int i = 0; i < times; i++) {
      try (Peer peer = context.connectTo(server, SMALL_WINDOW)) {
        hold(exchange, peer, i);
      } catch (Broken e) {
        throw e.at("client %d of %d that %s".formatted(i + 1, times, words));
      }
    }
    return times;
  }

  /** Requests more than the kernels hold, and reads a part of the reply. */
  private static void beginReply(Exchange exchange, Peer peer, int i)
      throws Broken, InterruptedException {
    if (exchange.is(FLOOD)) {
      peer.send("100000000\n".getBytes(US_ASCII));
      peer.expect(new byte[] {0});
    } else {
      Exchange.Flow flow = exchange.flow(i);
      peer.sendForAMoment(flow.requests(), MOST_SENT, SHORTLY);
      peer.expectStream(flow.replies(), 1);
    }
  }

  private static void refuse(Exchange exchange, Peer peer) throws Broken {
    peer.send(exchange.refusedRequest());
    peer.expect(exchange.error());
    peer.expectFin();
  }
}
