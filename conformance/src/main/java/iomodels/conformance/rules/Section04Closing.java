package iomodels.conformance.rules;

import static iomodels.conformance.Bound.ABORTS;
import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Bound.STOP;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.FLOOD;
import static iomodels.service.Services.LINES;
import static iomodels.service.Services.UPPER;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Section 4: how conversations end. */
final class Section04Closing {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "4.01",
              MUST,
              "After the client's FIN, the server MUST send every pending reply and then FIN.",
              "A client that pipes a file into a connection sends FIN at its end and then reads the"
                  + " replies; a server that takes FIN for the end of the conversation loses them."
                  + " FIN closes one direction only (RFC 9293, section 3.6; Stevens, UNP vol. 1,"
                  + " sections 6.5 and 6.6).",
              FLOOD,
              Set.of(Precondition.HALF_CLOSE),
              Section04Closing::halfClose),
          new Rule(
              "4.02",
              MUST,
              "The server MUST close a connection soon after the client has closed its side.",
              "A server that does not close leaves its socket in CLOSE-WAIT, a state without"
                  + " a time-out (RFC 9293, section 3.3.2). Such sockets accumulate until no"
                  + " descriptors are left.",
              UPPER,
              Set.of(),
              Scheduling.TIMED,
              Section04Closing::closeInTime),
          new Rule(
              "4.03",
              MUST,
              "The server MUST survive clients that connect and close without sending"
                  + " anything.",
              "Health checks of load balancers and port scans do this all day. The connection"
                  + " may end before it is accepted, and accept can then fail with ECONNABORTED"
                  + " (accept(2); Stevens, UNP vol. 1, section 5.11): an accept loop that ends at"
                  + " the first error stops the service.",
              UPPER,
              Set.of(),
              Section04Closing::connectThenClose),
          new Rule(
              "4.04",
              MUST,
              "The server MUST survive RST in the middle of a request and in the middle of a"
                  + " reply.",
              "Clients crash, and users close their browsers. A write to a reset connection"
                  + " fails with EPIPE and raises SIGPIPE, which by default kills the process and"
                  + " with it every other client (Stevens, UNP vol. 1, section 5.13).",
              FLOOD,
              Set.of(),
              Section04Closing::resets),
          new Rule(
              "4.05",
              MUST,
              "The server MUST NOT send RST after a clean exchange, nor because it leaves"
                  + " input unread.",
              "Closing a socket that has unread input sends RST (RFC 1122, section 4.2.2.13), and"
                  + " RST can destroy the last reply before the client has read it, so that the"
                  + " client sees \"connection reset\" instead of the error message. RFC 9112,"
                  + " section 9.6, describes the remedy: send FIN, and read until the client's"
                  + " FIN.",
              LINES,
              Set.of(),
              Section04Closing::noReset),
          new Rule(
              "4.06",
              MUST,
              "The server MUST answer everything that a client sent before its FIN, however"
                  + " late the client reads, and then send FIN.",
              "When the FIN arrives, replies wait in the server's buffers and in the"
                  + " kernel's. A server that closes with SO_LINGER at 0, or drops its own buffers,"
                  + " truncates the last replies (Stevens, UNP vol. 1, section 7.5).",
              UPPER,
              Set.of(Precondition.HALF_CLOSE),
              Section04Closing::finBehindUnansweredInput),
          new Rule(
              "4.07",
              MUST,
              "After thousands of clients have sent a few bytes and reset, the server MUST"
                  + " NOT retain any of their sockets or threads, and MUST stop in time.",
              "A reset can meet a connection in any state, and each state needs its own"
                  + " cleanup. A leak of one socket in a thousand resets passes ordinary tests and"
                  + " exhausts the descriptors (EMFILE, accept(2)) weeks later.",
              UPPER,
              Set.of(Precondition.LIFE, Precondition.PROCESS),
              context -> storm(context, "few bytes", "hello")),
          new Rule(
              "4.08",
              MUST,
              "After thousands of clients have reset in the middle of a line, the server MUST"
                  + " NOT retain any of their sockets or threads, and MUST stop in time.",
              "A thread that waits for the rest of a line is not woken if its connection is"
                  + " cleaned up elsewhere. Each such client then costs a thread and its stack"
                  + " until the process is restarted.",
              LINES,
              Set.of(Precondition.LIFE, Precondition.PROCESS),
              context -> storm(context, "half a line", "hello\n")));

  private static final long REPLY_LENGTH = 20_000_000;
  private static final int SMALL_WINDOW = 16 * 1024;
  private static final int HALF_CLOSERS = 100;

  /** More than the kernel's buffers hold. */
  private static final long SEND_LIMIT = 32 << 20;

  private static final int ABORTS_BETWEEN_CHECKS = 100;
  private static final int EQUAL_SAMPLES = 6;
  private static final long POLL_INTERVAL_MILLIS = 50;

  private Section04Closing() {}

  private static void halfClose(TestContext context)
      throws Broken, IOException, InterruptedException {
    // Much more data than fits into the kernel's buffers, and a reader that begins late.
    Peer slow = context.connectWithWindow(SMALL_WINDOW);
    slow.send(REPLY_LENGTH + "\n");
    slow.finishSending();
    slow.pauseUntilFull();
    slow.expectStream(Text::flood, REPLY_LENGTH);
    slow.expectFin();
    slow.close();

    // Request and FIN together: the FIN may arrive before the server has read the request.
    for (int i = 0; i < HALF_CLOSERS; i++) {
      long length = context.random().nextLong(1, 100_000);
      Peer peer = context.connect();
      peer.send("3\n" + length + "\n");
      peer.finishSending();
      peer.expect(new byte[] {0, 1, 2});
      peer.expectStream(Text::flood, length);
      peer.expectFin();
      peer.close();
    }
  }

  /** When the FIN arrives, replies fill all buffers between the server and the client. */
  private static void finBehindUnansweredInput(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer late = context.connectWithWindow(SMALL_WINDOW);
    Peer.BytePattern stream = Text.stream(context.random().nextInt());
    long sent = late.sendUntilFull(stream, SEND_LIMIT);
    late.finishSending();
    late.pause(context.time(SILENCE));
    late.expectStream(Text.upper(stream), sent);
    late.expectFin();
    late.close();

    // Everything together: the FIN may arrive before the server has read the first message.
    for (int i = 0; i < HALF_CLOSERS; i++) {
      byte[] text = Text.noise(context.random(), context.random().nextInt(1, 1_000));
      Peer peer = context.connect();
      peer.send(text, 0, text.length / 2);
      peer.send(text, text.length / 2, text.length - text.length / 2);
      peer.finishSending();
      peer.expect(Text.upper(text));
      peer.expectFin();
      peer.close();
    }
  }

  private static void closeInTime(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    peer.send("bye");
    peer.expect("BYE");
    peer.finishSending();
    peer.expectFin(context.time(CLOSE));
  }

  private static void connectThenClose(TestContext context)
      throws Broken, IOException, InterruptedException {
    for (int i = 0; i < 20; i++) {
      context.connect().close();
    }
    Peer peer = context.connect();
    peer.send("still there?");
    peer.expect("STILL THERE?");
  }

  private static void resets(TestContext context) throws Broken, IOException, InterruptedException {
    for (int i = 0; i < 10; i++) {
      Peer silent = context.connect();
      silent.reset();
      Peer request = context.connect();
      request.send("100");
      request.reset();
      Peer reply = context.connect();
      reply.send("100000000\n");
      reply.expectStream(Text::flood, 1000);
      reply.reset();
      Peer halfClosed = context.connect();
      halfClosed.send("100000000\n");
      halfClosed.finishSending();
      halfClosed.reset();
    }
    Peer peer = context.connect();
    peer.send("4\n");
    peer.expect(new byte[] {0, 1, 2, 3});
  }

  private static void noReset(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer clean = context.connect();
    clean.send("clean\n");
    clean.expect("CLEAN\n");
    clean.finishSending();
    clean.expectFin();
    clean.close();

    // The server stops reading in the middle of the line; the client still gets the error line.
    Peer long1 = context.connect();
    byte[] unread = Text.letters(context.random(), 400_000);
    long1.whileSending(
        () -> {
          long1.send(unread);
          long1.finishSending();
        },
        () -> {
          long1.expect("ERR line too long\n");
          long1.expectFin();
        });
  }

  /**
   * Resets meet connections in all states: before the accept, during a read, during a write. Some
   * faults show in one of thousands of resets only.
   *
   * @param exchange the message of the well-behaved clients in between, which must be answered
   */
  private static void storm(TestContext context, String what, String exchange)
      throws Broken, IOException, InterruptedException {
    Instance server = context.launch(0);
    CostMeter meter = context.meter(server);
    abort(
        context,
        server,
        exchange,
        context.count(ABORTS) / 2); // Warm-up: a pool starts all its threads.
    int sockets = settled(meter);
    int threads = meter.now().threads();
    abort(context, server, exchange, context.count(ABORTS));
    context.note(
        "has connected %,d clients that sent %s and reset".formatted(context.count(ABORTS), what));
    demandAtMost(context, "sockets", sockets, meter::sockets);
    // A runtime starts threads of its own: compilers, garbage collectors, carrier threads.
    int own = 8 + 2 * Runtime.getRuntime().availableProcessors();
    demandAtMost(context, "threads", threads + own, () -> meter.now().threads());
    context.stop(server);
    if (!server.awaitEnd(context.time(STOP))) {
      throw Broken.late(
          "an end within %,d ms".formatted(context.time(STOP).toMillis()), "the server still runs");
    }
  }

  /** Clients that reset in the middle of a message and, now and then, a well-behaved one. */
  private static void abort(TestContext context, Instance server, String exchange, int clients)
      throws Broken, IOException, InterruptedException {
    byte[] begun = exchange.strip().getBytes(US_ASCII);
    for (int i = 0; i < clients; i++) {
      context.abort(server, ByteBuffer.wrap(begun, 0, 1 + i % begun.length));
      if ((i + 1) % ABORTS_BETWEEN_CHECKS == 0) {
        Peer peer = context.connect(server);
        peer.send(exchange);
        peer.expect(exchange.toUpperCase(Locale.ROOT));
        peer.close();
      }
    }
  }

  /** Samples a number of sockets or threads. */
  private interface Counter {
    int sample() throws IOException;
  }

  /** Waits until the number of open sockets no longer decreases, and returns it. */
  private static int settled(CostMeter meter) throws IOException, InterruptedException {
    int least = meter.sockets();
    for (int equal = 0; equal < EQUAL_SAMPLES; equal++) {
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
      int now = meter.sockets();
      if (now < least) {
        least = now;
        equal = 0;
      }
    }
    return least;
  }

  private static void demandAtMost(TestContext context, String what, int most, Counter counter)
      throws Broken, IOException, InterruptedException {
    long deadline = System.nanoTime() + context.patience().toNanos();
    int now = counter.sample();
    while (now > most && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
      now = counter.sample();
    }
    if (now > most) {
      throw Broken.late(
          "at most %d %s after all clients have left".formatted(most, what),
          "there are %d".formatted(now));
    }
    context.note("sees %d %s; up to %d are allowed".formatted(now, what, most));
  }
}
