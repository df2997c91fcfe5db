package iomodels.conformance.rules;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Bound;
import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

/** One input of a table that a rule tries, with a name for messages. */
final class Sample {

  /**
   * C strings, decoders, {@code strip} and {@code printf} change these, and some servers obey them.
   */
  private static final List<Sample> TEXTS =
      List.of(
          hex("NUL alone", "00"),
          hex("NUL inside", "610062"),
          hex("NUL at the end", "616200"),
          text("a blank alone", " "),
          text("a blank before a word", " x"),
          text("a blank after a word", "x "),
          text("several blanks inside", "a  b   c"),
          text("a tab alone", "\t"),
          text("tabs around a word", "\tx\t"),
          text("a no-break space at the end", "x\u00A0"),
          text("ideographic spaces around a word", "\u3000x\u3000"),
          text("a byte order mark", "\uFEFFx"),
          text("a vertical tab inside", "x\u000By"),
          text("a form feed inside", "x\u000Cy"),
          text("the separators FS, GS and RS", "a\u001Cb\u001Dc\u001Ed"),
          hex("the byte 0x85", "788579"),
          text("U+0085", "x\u0085y"),
          text("U+2028", "x\u2028y"),
          text("U+2029", "x\u2029y"),
          text("\u00DF, of which Unicode's upper case is longer", "stra\u00DFe"),
          text("a dotless i", "\u0131"),
          text("a dotted capital I", "\u0130"),
          text("\u00E9", "\u00E9t\u00E9"),
          text("U+0149, of which Unicode's upper case has two letters", "\u0149"),
          text("a ligature", "o\uFB03ce"),
          text("a micro sign", "\u00B5s"),
          text("Greek", "\u03B1\u03C2"),
          text("Chinese", "\u4F60\u597D"),
          text("an emoji", "x\uD83D\uDE00y"),
          hex("a continuation byte alone", "80"),
          hex("a lead byte alone", "C3"),
          hex("the beginning of a character of three bytes", "78E280"),
          hex("the beginning of a character of four bytes", "F09F98"),
          hex("an overlong NUL", "C080"),
          hex("a surrogate in UTF-8", "EDA080"),
          hex("the bytes FF and FE", "FFFE"),
          hex("the byte FF alone", "FF"),
          hex("the bytes of Ctrl-C and Ctrl-D", "0304"),
          hex("the byte of Ctrl-Z", "1A"),
          hex("a command of Telnet", "FFF4FFFD06"),
          hex("an escape sequence", "1B5B41"),
          text("the word exit", "exit"),
          text("the word quit", "quit"),
          text("the word bye", "bye"),
          text("the word stop", "stop"),
          text("a dot alone", "."),
          text("conversions of printf", "%s%n%x%5c%"),
          text("a backslash and a quotation mark", "\\n'a\"b"),
          text("a request of HTTP", "get / http/1.1"),
          text("a longer text, before a short one", "the quick brown fox"),
          text("a short text after a longer one", "b"));

  private static final int MAX_PIECE = 7;

  private final String name;
  private final byte[] bytes;

  /**
   * Creates a sample.
   *
   * @param name a noun phrase
   * @param bytes what the kit sends; not copied
   */
  Sample(String name, byte[] bytes) {
    this.name = name;
    this.bytes = bytes;
  }

  String name() {
    return name;
  }

  byte[] bytes() {
    return bytes;
  }

  /** Returns a sample of text, encoded as UTF-8. */
  static Sample text(String name, String text) {
    return new Sample(name, text.getBytes(UTF_8));
  }

  /** Returns a sample of bytes that are written in hexadecimal. */
  static Sample hex(String name, String hex) {
    return new Sample(name, HexFormat.of().parseHex(hex));
  }

  /** Returns bytes that an API for text changes or gives a meaning; none contains CR or LF. */
  static List<Sample> texts() {
    return TEXTS;
  }

  /** Returns texts with CR, which is not the end of a line. */
  static List<Sample> carriageReturns() {
    return List.of(
        text("CR alone", "\r"),
        text("CR at the beginning", "\rx"),
        text("CR at the end", "x\r"),
        text("CR inside", "x\ry"),
        text("two CRs at the end", "x\r\r"));
  }

  /** Returns one sample for each byte value except LF, between these texts. */
  static List<Sample> everyByte(String before, String after) {
    List<Sample> samples = new ArrayList<>();
    for (int octet = 0; octet < 256; octet++) {
      if (octet != '\n') {
        String place = before.isEmpty() && after.isEmpty() ? "alone" : "in a text";
        samples.add(
            new Sample(
                "the byte 0x%02X %s".formatted(octet, place),
                (before + (char) octet + after).getBytes(ISO_8859_1)));
      }
    }
    return samples;
  }

  /** Returns all samples, or as many of them as a run tries. */
  static List<Sample> some(List<Sample> samples, TestContext context) {
    List<Sample> left = new ArrayList<>(samples);
    List<Sample> some = new ArrayList<>();
    while (!left.isEmpty() && some.size() < context.count(Bound.CASES)) {
      some.add(left.remove(context.random().nextInt(left.size())));
    }
    return some;
  }

  /** Returns the bytes of a sample with a text behind them. */
  Sample with(String after) {
    byte[] more = after.getBytes(UTF_8);
    byte[] all = Arrays.copyOf(bytes, bytes.length + more.length);
    System.arraycopy(more, 0, all, bytes.length, more.length);
    return new Sample(name, all);
  }

  /** Returns the bytes of all samples, one after another. */
  static byte[] joined(List<Sample> samples) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    samples.forEach(it -> all.writeBytes(it.bytes));
    return all.toByteArray();
  }

  /** Demands the answers to samples, in order. */
  static void expect(Peer peer, List<Sample> samples, String how, UnaryOperator<byte[]> answer)
      throws Broken {
    for (Sample each : samples) {
      try {
        peer.expect(answer.apply(each.bytes));
      } catch (Broken e) {
        throw e.at(each.name + how);
      }
    }
  }

  /** Sends bytes in random pieces, and demands the answers to samples meanwhile. */
  static void exchangeInPieces(
      Peer peer, List<Sample> samples, RandomGenerator random, UnaryOperator<byte[]> answer)
      throws Broken, InterruptedException {
    byte[] all = joined(samples);
    int[] lengths = random.ints(all.length, 1, MAX_PIECE + 1).toArray();
    peer.whileSending(
        () -> {
          int from = 0;
          for (int i = 0; from < all.length; i++) {
            int length = Math.min(lengths[i], all.length - from);
            peer.send(all, from, length);
            from += length;
          }
        },
        () -> expect(peer, samples, ", sent in small pieces", answer));
  }
}
