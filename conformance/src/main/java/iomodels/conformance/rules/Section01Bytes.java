package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.LINES;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.TestContext;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Section 1: the bytes of a reply. */
final class Section01Bytes {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "1.01",
              MUST,
              "The server MUST convert the bytes 0x61–0x7A to upper case and return the other"
                  + " 230 byte values unchanged; a server of echo MUST return all 256 unchanged.",
              "Text APIs change more than ASCII, and not everywhere alike: in a Turkish"
                  + " locale, \"title\".toUpperCase() returns a dotted capital I (Javadoc of"
                  + " String). A protocol that upper-cases with them works on one machine and fails"
                  + " on another.",
              Exchange.TEXT,
              Set.of(),
              Section01Bytes::everyByteValue),
          new Rule(
              "1.02",
              MUST,
              "The server MUST return NUL and invalid UTF-8 unchanged.",
              "Decoding bytes to text and encoding them again is lossy: new String(bytes,"
                  + " UTF_8) replaces each malformed sequence with U+FFFD (Javadoc of String),"
                  + " which corrupts every binary payload.",
              Exchange.TEXT,
              Set.of(),
              Section01Bytes::invalidText),
          new Rule(
              "1.03",
              MUST,
              "The server MUST return exactly as many bytes as the client sent.",
              "A reply that is longer than its data exposes memory of the process: Heartbleed"
                  + " (CVE-2014-0160) returned up to 64 KiB of it per request. A shorter reply"
                  + " leaves the client waiting.",
              Exchange.TEXT,
              Set.of(),
              Section01Bytes::exactCount),
          new Rule(
              "1.04",
              MUST,
              "The server MUST NOT send anything that the client has not requested.",
              "A client matches replies to requests by position: it takes an unsolicited byte"
                  + " for the beginning of the next reply, and every later reply is off by one. RFC"
                  + " 9112, section 9.2, forbids HTTP clients to accept such data.",
              Exchange.ANY,
              Set.of(),
              Section01Bytes::nothingUnrequested),
          new Rule(
              "1.05",
              MUST,
              "The server MUST treat every request as data: no byte, no word and no line end has a"
                  + " meaning of its own.",
              "Servers of tutorials end at the word exit, strip the line end that their client"
                  + " appends, and skip what is blank. If the bytes are a file, any of them can"
                  + " occur (CWE-138, improper neutralization of special elements).",
              Exchange.BYTEWISE,
              Set.of(),
              Section01Bytes::nothingSpecial));

  private static final int WORD = 16;

  private Section01Bytes() {}

  /** Sends a text, with {@code lines} as a line, and demands the reply. */
  private static void demandReply(TestContext context, Peer peer, byte[] text) throws Broken {
    boolean line = context.service().equals(LINES);
    byte[] request = Arrays.copyOf(text, text.length + (line ? 1 : 0));
    if (line) {
      request[text.length] = '\n';
    }
    peer.send(request);
    peer.expect(Text.reply(context.service(), request));
  }

  private static void everyByteValue(TestContext context)
      throws Broken, IOException, InterruptedException {
    byte[] every = new byte[256];
    for (int i = 0; i < every.length; i++) {
      every[i] = (byte) i;
    }
    Peer peer = context.connect();
    demandReply(context, peer, every);
    // At each place in a word of eight bytes, and in one of sixteen.
    for (int before = 1; before < WORD; before++) {
      byte[] moved = new byte[before + every.length];
      Arrays.fill(moved, (byte) 'a');
      System.arraycopy(every, 0, moved, before, every.length);
      try {
        demandReply(context, peer, moved);
      } catch (Broken e) {
        throw e.at("every byte value behind %d letters".formatted(before));
      }
    }
  }

  private static void invalidText(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    // NUL alone and inside; continuation bytes with nothing to continue; an overlong NUL and an
    // overlong slash; a lead byte cut short; bytes that UTF-8 never uses.
    for (String hex :
        List.of("00", "610062", "80BF", "C080", "C0AF", "C3", "6180C261", "FFFE", "F5F7")) {
      byte[] bytes = java.util.HexFormat.of().parseHex(hex);
      demandReply(context, peer, bytes);
    }
  }

  private static void exactCount(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    for (int length : new int[] {1, 2, 3, 7, 8, 9, 100, 1000}) {
      byte[] text = Text.letters(context.random(), length);
      demandReply(context, peer, text);
    }
    peer.expectSilence(context.time(SILENCE));
  }

  /** Neither before the first request, nor after a reply, nor at the end. */
  private static void nothingUnrequested(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange exchange = Exchange.of(context);
    Peer peer = context.connect();
    peer.expectSilence(context.time(SILENCE));
    exchange.hold(peer, 1);
    peer.expectSilence(context.time(SILENCE));
    peer.finishSending();
    peer.expectFin();
  }

  /** Each sample is sent alone, so that the server receives nothing else with it. */
  private static void nothingSpecial(TestContext context)
      throws Broken, IOException, InterruptedException {
    List<Sample> samples = new ArrayList<>();
    for (String end : List.of("", "\n", "\r\n")) {
      samples.add(Sample.text("a line end alone", end));
      Sample.texts().forEach(it -> samples.add(it.with(end)));
    }
    samples.addAll(Sample.carriageReturns());
    samples.addAll(Sample.some(Sample.everyByte("", ""), context));
    samples.removeIf(it -> it.bytes().length == 0);
    Peer peer = context.connect();
    for (Sample each : samples) {
      peer.send(each.bytes());
      Sample.expect(peer, List.of(each), "", it -> Text.reply(context.service(), it));
    }
    peer.finishSending();
    peer.expectFin();
  }
}
