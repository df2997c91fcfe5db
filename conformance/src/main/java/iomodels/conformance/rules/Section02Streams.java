package iomodels.conformance.rules;

import static iomodels.conformance.Bound.DELAY;
import static iomodels.conformance.Bound.IDLE;
import static iomodels.conformance.Bound.PIPELINED;
import static iomodels.conformance.Bound.VOLUME;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.UPPER;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import java.io.IOException;
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
              Section02Streams::anySplit),
          rule(
              "2.02",
              "The server MUST produce the same output for coalesced writes, and for chunks"
                  + " of 512, 1024, 4096, 8192, 16384 and 65536 bytes, each also with one byte more"
                  + " and one byte less.",
              "Buffers usually have one of these sizes, and an off-by-one error (CWE-193)"
                  + " shows only when a read fills the buffer exactly. Ordinary traffic meets that"
                  + " case rarely, and then corrupts a byte.",
              Section02Streams::bufferSizes),
          rule(
              "2.03",
              "The server MUST answer the bytes that have arrived without waiting for more"
                  + " bytes or for the end of input.",
              "A client that waits for a reply before it sends more waits forever, because"
                  + " the server waits as well. recv(2) with MSG_WAITALL and"
                  + " DataInputStream.readFully cause this: they return only when the buffer is"
                  + " full.",
              Section02Streams::partialData),
          rule(
              "2.04",
              "The server MUST answer pipelined messages in the order in which the client"
                  + " sent them.",
              "The replies carry no identifiers, so the client matches them by order; a"
                  + " server that hands messages to several threads can swap the answers. HTTP/1.1"
                  + " demands the same of pipelined requests (RFC 9112, section 9.3.2).",
              Section02Streams::pipelined),
          rule(
              "2.05",
              "The server MUST return a large stream complete and unchanged.",
              "Mistakes in position arithmetic, such as a counter that overflows or a buffer"
                  + " that is not compacted, show only after many buffers. A short test passes, and"
                  + " the first large upload is corrupted.",
              Section02Streams::volume),
          rule(
              "2.06",
              "The server MUST complete partial writes to a client with a tiny receive"
                  + " window.",
              "A non-blocking write may accept only a part of the data (write(2)), and a"
                  + " server that ignores the returned count loses the rest. Stevens, UNP vol. 1,"
                  + " section 3.9, introduces writen for this reason.",
              Section02Streams::tinyWindow),
          rule(
              "2.07",
              "The server MUST keep an idle connection open and usable.",
              "Clients keep idle connections in pools. If the server closes one early, the"
                  + " client's next request can cross the close and fail (RFC 9112, section 9.5).",
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
              UPPER,
              Set.of(),
              Scheduling.TIMED,
              Section02Streams::smallMessages));

  private static final int[] BUFFER_SIZES = {512, 1024, 4096, 8192, 16384, 65536};

  /** Bytes that a server may look for at the end of what it has read. */
  private static final int[] AT_A_BOUNDARY = {0, '\n', '\r', ' ', 'a', 'z', 0x7F, 0xC3, 0xE4, 0xFF};

  private static final int TINY = 2048;

  private Section02Streams() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, UPPER, Set.of(), check);
  }

  private static void anySplit(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    byte[] text = Text.noise(context.random(), 400);
    byte[] expected = Text.upper(text);
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

  private static void bufferSizes(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    for (int size : BUFFER_SIZES) {
      for (int length = size - 1; length <= size + 1; length++) {
        byte[] text = Text.noise(context.random(), length);
        peer.exchange(text, Text.upper(text));
      }
    }
    for (int size : BUFFER_SIZES) {
      for (int octet : AT_A_BOUNDARY) {
        atBoundary(peer, Text.noise(context.random(), size), (byte) octet, "last");
        atBoundary(peer, Text.noise(context.random(), size + 1), (byte) octet, "first behind");
      }
    }
    byte[] coalesced = Text.noise(context.random(), 3 * 65536);
    peer.exchange(coalesced, Text.upper(coalesced));
  }

  /** Sends a text that ends with this byte: the last of a full buffer, or the first behind it. */
  private static void atBoundary(Peer peer, byte[] text, byte last, String place)
      throws Broken, InterruptedException {
    text[0] = last;
    text[text.length - 1] = last;
    try {
      peer.exchange(text, Text.upper(text));
    } catch (Broken e) {
      throw e.at(
          "the byte 0x%02X, the %s in a write of %,d bytes".formatted(last, place, text.length));
    }
  }

  private static void partialData(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    peer.send("no end of line");
    peer.expect("NO END OF LINE");
    peer.send(" either");
    peer.expect(" EITHER");
  }

  private static void pipelined(TestContext context)
      throws Broken, IOException, InterruptedException {
    StringBuilder messages = new StringBuilder();
    for (int i = 0; i < context.count(PIPELINED); i++) {
      messages.append("message ").append(i).append('\n');
    }
    byte[] sent = messages.toString().getBytes(US_ASCII);
    context.connect().exchange(sent, Text.upper(sent));
  }

  private static void volume(TestContext context) throws Broken, IOException, InterruptedException {
    Peer.BytePattern stream = Text.stream(context.random().nextInt());
    int length = context.count(VOLUME);
    context.connect().exchange(stream, length, Text.upper(stream), length);
  }

  /** The reader begins when the sender makes no progress: then the server's buffers are full. */
  private static void tinyWindow(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connectWithWindow(TINY);
    Peer.BytePattern stream = Text.stream(context.random().nextInt());
    long length = 8L << 20;
    long sent = peer.sendUntilFull(stream, length);
    peer.whileSending(
        () -> peer.sendStream(stream.from(sent), length - sent),
        () -> peer.expectStream(Text.upper(stream), length));
  }

  private static void idle(TestContext context) throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    peer.send("before");
    peer.expect("BEFORE");
    peer.expectSilence(context.time(IDLE));
    peer.send("after");
    peer.expect("AFTER");
  }

  private static void smallMessages(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    long[] nanos = new long[15];
    for (int i = 0; i < nanos.length; i++) {
      long start = System.nanoTime();
      // Two segments, so that the first reply is not acknowledged yet when the second is sent.
      peer.send("a");
      peer.send("b");
      peer.expect("AB");
      nanos[i] = System.nanoTime() - start;
    }
    Timing.demandMedian(nanos, context.time(DELAY), "a reply");
  }
}
