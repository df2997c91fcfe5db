package iomodels.conformance.rules;

import static iomodels.conformance.Bound.DELAY;
import static iomodels.conformance.Bound.PAUSE;
import static iomodels.conformance.Bound.PIPELINED;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Bound.VOLUME;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.DISCARD;
import static iomodels.service.Services.ECHO;
import static iomodels.service.Services.FIXED;
import static iomodels.service.Services.FLOOD;
import static iomodels.service.Services.LINES;
import static iomodels.service.Services.UPPER;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import iomodels.service.Service;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Section 2: TCP is a stream of bytes; segments, chunks and buffers must not be observable. */
final class Section02Streams {

  static final List<Rule> ALL =
      List.of(
          rule(
              "2.01",
              "The server MUST produce the same output for every split of the input, one-byte"
                  + " writes included.",
              "TCP carries a stream of bytes, without message boundaries (RFC 9293, section"
                  + " 2.2). On loopback one write usually arrives as one read; on a real network it"
                  + " does not, and code that relies on it fails there.",
              Exchange.PIPELINING,
              Section02Streams::anySplit),
          rule(
              "2.02",
              "The server MUST produce the same output for coalesced writes, and for chunks"
                  + " of 512, 1024, 4096, 8192, 16384 and 65536 bytes, each also with one byte more"
                  + " and one byte less.",
              "Buffers usually have one of these sizes, and an off-by-one error (CWE-193)"
                  + " shows only when a read fills the buffer exactly. Ordinary traffic meets that"
                  + " case rarely, and then corrupts a byte.",
              Exchange.PIPELINING,
              Section02Streams::bufferSizes),
          rule(
              "2.03",
              "The server MUST answer the bytes that have arrived without waiting for more"
                  + " bytes or for the end of input.",
              "A client that waits for a reply before it sends more waits forever, because"
                  + " the server waits as well. recv(2) with MSG_WAITALL and"
                  + " DataInputStream.readFully cause this: they return only when the buffer is"
                  + " full.",
              Exchange.BYTEWISE,
              Section02Streams::partialData),
          rule(
              "2.04",
              "The server MUST answer pipelined messages in the order in which the client"
                  + " sent them.",
              "The replies carry no identifiers, so the client matches them by order; a"
                  + " server that hands messages to several threads can swap the answers. HTTP/1.1"
                  + " demands the same of pipelined requests (RFC 9112, section 9.3.2).",
              Exchange.PIPELINING,
              Section02Streams::pipelined),
          rule(
              "2.05",
              "The server MUST return a large stream complete and unchanged.",
              "Mistakes in position arithmetic, such as a counter that overflows or a buffer"
                  + " that is not compacted, show only after many buffers. A short test passes, and"
                  + " the first large upload is corrupted.",
              Exchange.PIPELINING,
              Section02Streams::volume),
          rule(
              "2.06",
              "The server MUST complete partial writes to a client with a tiny receive"
                  + " window.",
              "A non-blocking write may accept only a part of the data (write(2)), and a"
                  + " server that ignores the returned count loses the rest. Stevens, UNP vol. 1,"
                  + " section 3.9, introduces writen for this reason.",
              Exchange.PIPELINING,
              Section02Streams::tinyWindow),
          new Rule(
              "2.07",
              MUST,
              "The server MUST keep an idle connection open and usable.",
              "Clients keep idle connections in pools. If the server closes one early, the"
                  + " client's next request can cross the close and fail (RFC 9112, section 9.5).",
              Exchange.ANY,
              Set.of(),
              Scheduling.WAITING,
              Section02Streams::idle),
          new Rule(
              "2.08",
              MUST,
              "The server MUST reply to small messages immediately, without the delays of"
                  + " Nagle's algorithm.",
              "Nagle's algorithm holds back a small segment until the previous one is"
                  + " acknowledged (RFC 9293, section 3.7.4), and the receiver may delay that"
                  + " acknowledgement, on Linux by 40 ms and more. TCP_NODELAY (tcp(7)) avoids the"
                  + " delay.",
              Exchange.ANSWERING,
              Set.of(),
              Scheduling.TIMED,
              Section02Streams::smallMessages),
          rule(
              "2.09",
              "The server MUST answer any number of requests on one connection.",
              "A counter of one byte overflows at the 256th request, and a table that is filled"
                  + " with each request is full at some later one. Clients that keep their"
                  + " connections, such as pools, send thousands (RFC 9112, section 9.3).",
              List.of(FIXED, UPPER, ECHO, LINES, FLOOD),
              Section02Streams::manyRequests),
          rule(
              "2.10",
              "A server of discard MUST read everything that a client sends, and MUST NOT answer.",
              "A service that only consumes has no replies that show whether it works. If it"
                  + " reads only a part, its window closes and the client blocks forever (RFC 863"
                  + " has the same service: it throws away any data received, and sends no"
                  + " response).",
              List.of(DISCARD),
              Section02Streams::discards));

  private static final int[] BUFFER_SIZES = {512, 1024, 4096, 8192, 16384, 65536};

  /** Bytes that a server may look for at the end of what it has read. */
  private static final int[] AT_A_BOUNDARY = {0, '\n', '\r', ' ', 'a', 'z', 0x7F, 0xC3, 0xE4, 0xFF};

  private static final int TINY = 2048;
  private static final long LONG = 8L << 20;
  private static final int MANY_REQUESTS = 2_000;
  private static final int SMALL_MESSAGES = 15;

  private static final Duration BETWEEN_REQUESTS = Duration.ofMillis(20);

  /** More than the kernels hold. */
  private static final long CONSUMED = 64 << 20;

  private Section02Streams() {}

  private static Rule rule(
      String id, String sentence, String why, List<Service> services, Check check) {
    return new Rule(id, MUST, sentence, why, services, Set.of(), check);
  }

  private static void anySplit(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    if (!Exchange.of(context).isBytewise()) {
      anySplitOfRequests(context, peer);
      return;
    }
    byte[] text = Text.noise(context.random(), 400);
    byte[] expected = Text.reply(context.service(), text);
    for (int i = 0; i < 100; i++) {
      peer.send(text, i, 1);
      if (i % 10 == 9) {
        peer.expect(Arrays.copyOfRange(expected, i - 9, i + 1));
      }
    }
    for (int from = 100; from < text.length; ) {
      int length = Math.min(context.random().nextInt(1, 9), text.length - from);
      peer.send(text, from, length);
      peer.expect(Arrays.copyOfRange(expected, from, from + length));
      from += length;
    }
  }

  /** The replies do not depend on where a part ends, so they are received afterwards. */
  private static void anySplitOfRequests(TestContext context, Peer peer)
      throws Broken, InterruptedException {
    Exchange.Batch batch = Exchange.of(context).batch(context.random(), 400);
    byte[] requests = batch.requests();
    int[] lengths = context.random().ints(requests.length, 1, 9).toArray();
    peer.whileSending(
        () -> {
          for (int from = 0; from < requests.length; ) {
            int length = from < 100 ? 1 : Math.min(lengths[from], requests.length - from);
            peer.send(requests, from, length);
            from += length;
          }
        },
        () -> peer.expect(batch.replies()));
  }

  private static void bufferSizes(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Peer peer = context.connect();
    for (int size : BUFFER_SIZES) {
      for (int length = size - 1; length <= size + 1; length++) {
        Exchange.Batch batch = exchange.batch(context.random(), length);
        peer.exchange(batch.requests(), batch.replies());
      }
    }
    if (exchange.isBytewise()) {
      for (int size : BUFFER_SIZES) {
        for (int octet : AT_A_BOUNDARY) {
          atBoundary(context, peer, Text.noise(context.random(), size), (byte) octet, "last");
          atBoundary(
              context, peer, Text.noise(context.random(), size + 1), (byte) octet, "first behind");
        }
      }
    }
    Exchange.Batch coalesced = exchange.batch(context.random(), 3 * 65536);
    peer.exchange(coalesced.requests(), coalesced.replies());
  }

  /** Sends a text that ends with this byte: the last of a full buffer, or the first behind it. */
  private static void atBoundary(
      TestContext context, Peer peer, byte[] text, byte last, String place)
      throws Broken, InterruptedException {
    text[0] = last;
    text[text.length - 1] = last;
    try {
      peer.exchange(text, Text.reply(context.service(), text));
    } catch (Broken e) {
      throw e.at(
          "the byte 0x%02X, the %s in a write of %,d bytes".formatted(last, place, text.length));
    }
  }

  private static void partialData(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    for (String each : List.of("no end of line", " either")) {
      byte[] text = each.getBytes(US_ASCII);
      peer.send(text);
      peer.expect(Text.reply(context.service(), text));
    }
  }

  private static void pipelined(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    ByteArrayOutputStream requests = new ByteArrayOutputStream();
    ByteArrayOutputStream replies = new ByteArrayOutputStream();
    for (int i = 0; i < context.count(PIPELINED); i++) {
      if (context.service().equals(FLOOD)) {
        requests.writeBytes(exchange.request(i % 200));
        replies.writeBytes(exchange.reply(i % 200));
      } else {
        byte[] message = "message %d\n".formatted(i).getBytes(US_ASCII);
        requests.writeBytes(message);
        replies.writeBytes(Text.reply(context.service(), message));
      }
    }
    context.connect().exchange(requests.toByteArray(), replies.toByteArray());
  }

  private static void volume(TestContext context) throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    int length = context.count(VOLUME);
    Peer peer = context.connect();
    if (exchange.is(FLOOD)) {
      peer.send(length + "\n");
      peer.expectStream(Text::flood, length);
      return;
    }
    Exchange.Flow flow = exchange.flow(context.random().nextInt());
    long sent = flow.whole(length);
    peer.exchange(flow.requests(), sent, flow.replies(), flow.due(sent));
    peer.finishSending();
    peer.expectFin();
  }

  /** The reader begins when the sender makes no progress: then the server's buffers are full. */
  private static void tinyWindow(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Peer peer = context.connectWithWindow(TINY);
    Exchange.Flow flow = exchange.flow(context.random().nextInt());
    long length = exchange.isBytewise() ? LONG : flow.whole(exchange.requesting(LONG));
    long sent = peer.sendUntilFull(flow.requests(), length);
    peer.whileSending(
        () -> peer.sendStream(flow.requests().from(sent), length - sent),
        () -> peer.expectStream(flow.replies(), flow.due(length)));
  }

  /**
   * Clients that have sent nothing yet, that have had a reply, and that have sent a part of a
   * request. They are idle at the same time, unless the server serves one after another.
   */
  private static void idle(TestContext context) throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    InetSocketAddress server = context.serverToOccupy();
    Peer used = context.connectTo(server, 0);
    exchange.hold(used, 1);
    Peer unused = context.connectTo(server, 0);
    Peer begun = context.connectTo(server, 0);
    byte[] part = exchange.begun(3);
    if (context.isConcurrent() && part.length > 0) {
      begun.send(part);
    }
    used.expectSilence(context.time(PAUSE));
    demandUsable("a client that was idle after a reply", () -> exchange.holdLast(used, 2));
    used.close();
    demandUsable("a client that was silent from the beginning", () -> exchange.holdLast(unused, 1));
    unused.close();
    demandUsable(
        "a client that was idle in the middle of a request",
        () -> {
          begun.send(context.isConcurrent() ? exchange.rest(3) : exchange.request(3));
          begun.expect(exchange.reply(3));
        });
  }

  private static void demandUsable(String client, Peer.Step step)
      throws Broken, InterruptedException {
    try {
      step.run();
    } catch (Broken e) {
      throw e.at(client);
    }
  }

  private static void smallMessages(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Peer peer = context.connect();
    // A server that writes a reply in two parts waits between them, if the client sends nothing.
    Timing.demandMedian(
        exchange.roundTrips(peer, SMALL_MESSAGES), context.time(DELAY), "the whole of a reply");
    if (exchange.is(FIXED)) {
      return;
    }
    long[] nanos = new long[SMALL_MESSAGES];
    for (int i = 0; i < nanos.length; i++) {
      long start = System.nanoTime();
      if (exchange.isBytewise()) {
        // Two segments, so that the first reply is not acknowledged yet when the second is sent.
        peer.send("a");
        peer.send("b");
        peer.expect(exchange.is(ECHO) ? "ab" : "AB");
      } else {
        peer.send(exchange.request(1));
        peer.send(exchange.request(2));
        peer.expect(exchange.reply(1));
        peer.expect(exchange.reply(2));
      }
      nanos[i] = System.nanoTime() - start;
    }
    Timing.demandMedian(nanos, context.time(DELAY), "replies to two messages");
  }

  private static void manyRequests(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Peer peer = context.connect();
    // A slow server, or a busy machine, answers fewer.
    long deadline = System.nanoTime() + 2 * context.patience().toNanos();
    for (int i = 1; i <= MANY_REQUESTS && System.nanoTime() - deadline < 0; i++) {
      try {
        exchange.hold(peer, i % 10);
      } catch (Broken e) {
        throw e.at("request %,d on one connection".formatted(i));
      }
    }
    peer.finishSending();
    peer.expectFin();
  }

  private static void discards(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    peer.send("\n");
    peer.expectSilence(context.time(SILENCE));
    for (String text : List.of("\r\n", " ", "\0", "\u0004", "exit\n", "quit\n", ".\n")) {
      peer.send(text);
      // Time for the server to read the text alone.
      peer.expectSilence(BETWEEN_REQUESTS);
    }
    peer.send(Sample.joined(Sample.texts()));
    peer.expectSilence(BETWEEN_REQUESTS);
    Peer.BytePattern stream = Text.stream(context.random().nextInt());
    long sent = 0;
    long progress = System.nanoTime();
    while (sent < CONSUMED) {
      long taken = peer.sendUntilFull(stream, CONSUMED - sent);
      sent += taken;
      long now = System.nanoTime();
      if (taken > 0) {
        progress = now;
      } else if (now - progress > context.patience().toNanos()) {
        throw Broken.late(
            "a server that reads everything",
            "it has stopped reading after about %,d bytes".formatted(sent));
      }
    }
    // A FIN of the server's own would be here already.
    peer.expectSilence(BETWEEN_REQUESTS);
    peer.finishSending();
    peer.expectFin();
  }
}
