package iomodels.conformance.rules;

import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.program.Programs.RELAY;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Section 11: the relay. The kit plays its client and its upstream. */
final class Section11Relay {

  static final List<Rule> ALL =
      List.of(
          rule(
              "11.01",
              "The relay MUST forward every byte, in both directions at the same time.",
              "A relay that completes one direction before the other deadlocks as soon as"
                  + " both sides send more than the buffers hold. A tunnel of HTTP's CONNECT"
                  + " forwards in both directions, too (RFC 9110, section 9.3.6).",
              RelayForwarding::carries),
          rule(
              "11.02",
              "The relay MUST forward what the upstream sends before the client has sent"
                  + " anything.",
              "In some protocols the server sends first, such as the greeting of SMTP (RFC"
                  + " 5321, section 3.1). With a relay that waits for the client, both sides wait"
                  + " forever.",
              RelayForwarding::greets),
          rule(
              "11.03",
              "The relay MUST forward a client's FIN to the upstream, and the reply that"
                  + " follows it to the client.",
              "The two directions of a TCP connection end separately (RFC 9293, section"
                  + " 3.6.1), and a FIN can mark the end of a request. Docker's port forwarding"
                  + " closed both connections at the client's FIN, and replies were lost"
                  + " (moby/moby#27539).",
              RelayForwarding::clientHalfCloses),
          rule(
              "11.04",
              "The relay MUST forward an upstream's FIN to the client, and what the client"
                  + " sends after it to the upstream.",
              "An upstream that has sent everything may still be reading. Envoy's TCP proxy"
                  + " closed both connections when either side half-closed (envoyproxy/envoy#2067);"
                  + " the rest of the client's data is then lost.",
              RelayForwarding::upstreamHalfCloses),
          rule(
              "11.05",
              "The relay MUST hold little data for an upstream that does not read, and"
                  + " continue when it reads again.",
              "A relay that keeps reading has to store whatever the receiver does not take,"
                  + " until memory runs out. A relay that stops reading lets TCP flow control slow"
                  + " the sender down (RFC 9293).",
              RelayBuffers::holdsLittleForUpstream),
          rule(
              "11.06",
              "The relay MUST hold little data for a client that does not read, and continue"
                  + " when it reads again.",
              "Slow clients are common, and upstreams are fast. With an unbounded queue each"
                  + " slow download is stored in the relay in full, and a few hundred of them"
                  + " exhaust its memory.",
              RelayBuffers::holdsLittleForClient),
          rule(
              "11.07",
              "If the upstream refuses the connection, the relay MUST reset the client.",
              "Where FIN marks the end of a reply, as it may in HTTP/1.0, a FIN without data looks"
                  + " like an empty but complete reply (RFC 9112, section 6.3). Only RST tells the"
                  + " client that the request has failed.",
              RelayUnreachable::refused),
          rule(
              "11.08",
              "If the upstream resets, the relay MUST reset the client.",
              "If the relay sends FIN instead, a truncated reply looks complete: a reply that"
                  + " ends when the connection is closed cannot be told from one that was"
                  + " interrupted (RFC 9112, section 6.3).",
              RelayEndings::upstreamResets),
          rule(
              "11.09",
              "If the client resets, the relay MUST reset the upstream.",
              "In FTP's stream mode, closing the data connection marks the end of a file (RFC"
                  + " 959, section 3.4.1). If the relay turns the client's reset into FIN, the"
                  + " server stores a truncated upload as a complete file.",
              RelayEndings::clientResets),
          rule(
              "11.10",
              "The relay MUST forward for other clients while one client is stuck.",
              "A send that blocks on the only thread, or under a shared lock, stops all"
                  + " connections when one receiver stops reading. One phone without reception is"
                  + " enough.",
              RelayBuffers::othersGoOn),
          new Rule(
              "11.11",
              MUST,
              "The relay MUST leave nothing open, however a conversation ends.",
              "A relay has two sockets for each client, and a socket that it forgets stays"
                  + " open as long as the process. When descriptors have run out, accept(2) fails"
                  + " with EMFILE, and no new client is served.",
              RELAY,
              Set.of(Precondition.PROCESS),
              Scheduling.ALONE,
              RelayEndings::leavesNothing),
          rule("11.12", Shutdown.SENTENCE, Shutdown.WHY, RelayEndings::ends),
          rule(
              "11.13",
              "The relay MUST forward each reset as a reset, even while data flows in both"
                  + " directions.",
              "The kernel reports a socket's error once (SO_ERROR, socket(7)). If the thread that"
                  + " writes receives it, the thread that reads sees an ordinary end of stream; a"
                  + " relay that trusts it sends FIN, and now and then a truncated stream looks"
                  + " complete.",
              RelayEndings::carriesEachReset),
          rule(
              "11.14",
              "The relay MUST NOT start as its own upstream.",
              "A relay that connects to itself accepts that connection, connects again, and"
                  + " so on until no descriptor is left; one client is enough. HTTP forbids"
                  + " intermediaries such loops as well (RFC 9110, section 7.6).",
              OwnUpstream::demandRefused),
          rule(
              "11.15",
              "The relay MUST forward what has arrived without waiting for more, whatever its"
                  + " length and its values.",
              "A read returns what is there, up to the size of the buffer (recv(2)). A relay that"
                  + " waits until its buffer is full, or that reads again because it was full,"
                  + " waits for a client that itself waits for the reply. Without TCP_NODELAY"
                  + " (tcp(7)) the second of two small writes waits for an acknowledgement.",
              RelayForwarding::forwardsAtOnce),
          rule(
              "11.16",
              "The relay MUST forward, in order, what a client sends before the upstream has"
                  + " accepted the connection, its FIN included; and MUST serve other clients"
                  + " meanwhile.",
              "A client's connection is complete as soon as the kernel has queued it, so its"
                  + " request is often there first. Connecting takes a round trip, and seconds if"
                  + " the upstream's backlog is full (listen(2), tcp_syn_retries in tcp(7)); a"
                  + " relay that blocks for it stops all its clients.",
              RelayConnecting::forwardsWhatComesEarly),
          rule(
              "11.17",
              "If one direction is stuck, the relay MUST forward the other one, its FIN included.",
              "The two directions have windows of their own (RFC 9293, section 3.8.6). A relay that"
                  + " blocks in one direction's write reads nothing in the other; if the receiver"
                  + " reads only after it has sent everything, all three wait forever.",
              RelayBuffers::directionsAreIndependent),
          rule(
              "11.18",
              "The relay MUST deliver everything that a side sent before its FIN, however late and"
                  + " slowly the other side reads, and only then the FIN.",
              "When the FIN arrives, data waits in the relay and in the kernel. A relay that calls"
                  + " shutdown(2) or close(2) before it has written the rest, or closes with"
                  + " SO_LINGER at 0, cuts off the end of each large transfer to a slow receiver.",
              RelayBuffers::deliversBeforeTheFin),
          new Rule(
              "11.19",
              MUST,
              "The relay MUST keep a silent conversation, before and after a half-close, and while"
                  + " one side does not read.",
              "TCP does not limit silence (RFC 1122, section 4.2.3.6), and a relay does not know"
                  + " what its clients wait for. A database query, a long poll, or a suspended"
                  + " program is silent for longer than most time limits.",
              RELAY,
              Set.of(),
              Scheduling.WAITING,
              RelayForwarding::keepsSilentOnes),
          rule(
              "11.20",
              "The relay MUST serve hundreds of clients at a time, and MUST NOT mix their bytes.",
              "A buffer that several connections share is overwritten while a part of it waits to"
                  + " be written: one client then receives another one's data. A pool with a thread"
                  + " for each direction serves half as many clients as it has threads.",
              RelayBuffers::servesACrowd),
          rule(
              "11.21",
              "The relay MUST make one connection to the upstream for each client, when the client"
                  + " has connected; also after the upstream had refused connections.",
              "A connection that served another client may carry the rest of that conversation, and"
                  + " one that was made ahead may have been closed by the upstream meanwhile. A"
                  + " relay that remembers a failure stays down when its upstream is up again.",
              RelayConnecting::connectsForEachClient),
          rule(
              "11.22",
              "If the upstream accepts no connection, the relay MUST reset the client and close the"
                  + " connecting socket, soon after the deadline at the latest.",
              "A host that is down, or whose backlog is full, does not refuse. With the default of"
                  + " tcp_syn_retries a connect then takes more than two minutes (tcp(7)), in which"
                  + " each further client costs two sockets.",
              RelayUnreachable::limitsConnecting));

  static final long VOLUME = 16L << 20;
  static final int WINDOW = 64 * 1024;
  static final int SMALL_WINDOW = 32 * 1024;

  /** More than the kernel and a relay hold, if its receiver does not read. */
  static final long MOST = 64L << 20;

  static final int CHUNK = 1_000;
  static final int PINGS = 30;
  static final int IN_TURN = 5;
  static final Duration OBSERVATION = Duration.ofSeconds(1);

  private Section11Relay() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, RELAY, Set.of(), check);
  }

  /** Runs all steps at the same time; throws what the first of them throws. */
  static void together(List<Peer.Step> steps) throws Broken, InterruptedException {
    Queue<Broken> failures = new ConcurrentLinkedQueue<>();
    List<Thread> threads = new ArrayList<>();
    for (Peer.Step each : steps) {
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      each.run();
                    } catch (Broken e) {
                      failures.add(e);
                    } catch (InterruptedException _) {
                      Thread.currentThread().interrupt();
                    }
                  }));
    }
    for (Thread each : threads) {
      each.join();
    }
    Broken broken = failures.peek();
    if (broken != null) {
      throw broken;
    }
  }
}
