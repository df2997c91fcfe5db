package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Bound.VOLUME;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Checks of the counts that clients of {@code flood} send, and of the replies to them. */
final class FloodCounts {

  private static final List<String> COUNTS =
      List.of(
          "0",
          "1",
          "2",
          "9",
          "10",
          "00",
          "007",
          "010",
          "08",
          "250",
          "251",
          "252",
          "502",
          "503",
          "0000000000005",
          "0000000000000",
          "4095",
          "8191",
          "8192",
          "8193",
          "16384",
          "16385",
          "65535",
          "65536",
          "65537");

  /** Only the beginning of these replies is received. */
  private static final List<String> LARGE_COUNTS =
      List.of(
          "2147483647",
          "2147483648",
          "4294967295",
          "4294967296",
          "4294967297",
          "1099511627776",
          "0010000000000");

  private static final String LARGEST_COUNT = "9999999999999";

  private static final long BEGINNING = 70_000;

  private static final List<Sample> MALFORMED =
      List.of(
          Sample.text("an empty line", ""),
          Sample.text("a plus sign before a count", "+5"),
          Sample.text("a minus sign before a count", "-5"),
          Sample.text("minus zero", "-0"),
          Sample.text("a sign alone", "-"),
          Sample.text("a blank before a count", " 5"),
          Sample.text("a blank after a count", "5 "),
          Sample.text("a blank inside a count", "1 0"),
          Sample.text("a blank alone", " "),
          Sample.text("a tab before a count", "\t5"),
          Sample.text("a tab after a count", "5\t"),
          Sample.text("CR before LF", "5\r"),
          Sample.text("CR alone", "\r"),
          Sample.text("CR between counts", "5\r6"),
          Sample.text("a hexadecimal count", "0x10"),
          Sample.text("hexadecimal digits", "1f"),
          Sample.text("a count with an exponent", "1e3"),
          Sample.text("a count with a decimal point", "1.0"),
          Sample.text("a count with a comma", "1,000"),
          Sample.text("a count with an underscore", "1_000"),
          Sample.text("a count with a suffix", "5L"),
          Sample.text("a count with a semicolon", "5;"),
          Sample.text("letters", "five"),
          Sample.text("fourteen digits", "12345678901234"),
          Sample.text("fourteen digits, of which thirteen are leading zeros", "00000000000005"),
          Sample.text("fourteen zeros", "0".repeat(14)),
          Sample.text("fifteen digits", "123456789012345"),
          Sample.text("2^63", "9223372036854775808"),
          Sample.text("2^64 + 1", "18446744073709551617"),
          Sample.text("a hundred digits", "1".repeat(100)),
          Sample.text("an Arabic-Indic digit", "\u0665"),
          Sample.text("an ASCII digit and an Arabic-Indic one", "1\u0665"),
          Sample.text("a fullwidth digit", "\uFF15"),
          Sample.text("a superscript digit", "\u00B2"),
          Sample.text("a no-break space after a count", "5\u00A0"),
          Sample.hex("NUL after a count", "3500"),
          Sample.hex("NUL before a count", "0035"),
          Sample.hex("a digit with its eighth bit set", "B5"),
          Sample.hex("a superscript digit in Latin-1", "B2"),
          Sample.hex("another superscript digit in Latin-1", "B9"),
          Sample.hex("a byte order mark before a count", "EFBBBF35"));

  private static final String NOT_A_COUNT = "ERR expected a count\n";

  /** Time for the server to read what has been sent, so that it reads the rest separately. */
  private static final Duration BETWEEN_PARTS = Duration.ofMillis(20);

  private static final int SMALL_WINDOW = 4096;

  private FloodCounts() {}

  static void counts(TestContext context) throws Broken, IOException, InterruptedException {
    List<Sample> counts = new ArrayList<>();
    for (String each : COUNTS) {
      counts.add(Sample.text("the count " + each, each + "\n"));
    }
    Peer peer = context.connect();
    for (Sample each : counts) {
      peer.send(each.bytes());
      Sample.expect(peer, List.of(each), "", FloodCounts::floodReply);
    }
    byte[] pipelined = Sample.joined(counts);
    peer.whileSending(
        () -> peer.send(pipelined),
        () -> Sample.expect(peer, counts, ", pipelined", FloodCounts::floodReply));
    Sample.exchangeInPieces(peer, counts, context.random(), FloodCounts::floodReply);
    try {
      peer.send("1");
      peer.expectSilence(BETWEEN_PARTS);
      peer.send("2\n");
      peer.expect(floodReply("12".getBytes(US_ASCII)));
    } catch (Broken e) {
      throw e.at("the count 12, of which the 1 comes first");
    }
    peer.send("10000000\n0\n");
    new LongReply(peer, 10_000_000).expect();
    peer.finishSending();
    peer.expectFin();
    peer.close();
    for (String each : LARGE_COUNTS) {
      demandBeginning(context, each, BEGINNING);
    }
    // More than a server that limits the length of a reply would send.
    demandBeginning(context, LARGEST_COUNT, 2L * context.count(VOLUME));
    try (Peer leaving = context.connect()) {
      leaving.send("12");
    }
    Peer next = context.connect();
    next.send("3\n4\n");
    Sample behind = Sample.text("after a client that left in the middle of a count", "3\n");
    Sample.expect(next, List.of(behind), "", FloodCounts::floodReply);
  }

  private static byte[] floodReply(byte[] request) {
    long count = Long.parseLong(new String(request, US_ASCII).strip());
    byte[] reply = new byte[Math.toIntExact(count)];
    Text.flood(reply, reply.length, 0);
    return reply;
  }

  /** A reply that is too short would be followed by those to the next counts. */
  private static void demandBeginning(TestContext context, String count, long length)
      throws Broken, IOException, InterruptedException {
    try (Peer peer = context.connect()) {
      peer.send(count + "\n300\n300\n");
      peer.expectStream(Text::flood, length);
      peer.reset();
    } catch (Broken e) {
      throw e.at("the count " + count);
    }
  }

  static void malformedCounts(TestContext context)
      throws Broken, IOException, InterruptedException {
    List<Sample> malformed = new ArrayList<>(MALFORMED);
    List<Sample> bytes = new ArrayList<>();
    for (Sample each : Sample.everyByte("", "")) {
      if (!isDigit(each.bytes()[0])) {
        bytes.add(each);
        bytes.add(new Sample(each.name() + " before a digit", new byte[] {each.bytes()[0], '2'}));
        bytes.add(new Sample(each.name() + " after a digit", new byte[] {'2', each.bytes()[0]}));
      }
    }
    malformed.addAll(Sample.some(bytes, context));
    for (Sample each : malformed) {
      Sample request = each.with("\n3\n");
      FinalAnswer.demandRefusal(
          context, each.name(), request.bytes(), NOT_A_COUNT.getBytes(US_ASCII));
    }
    for (Sample each : List.of(malformed.getFirst(), malformed.getLast())) {
      byte[] request = Sample.joined(List.of(Sample.text("", "2\n1\n"), each.with("\n3\n")));
      byte[] answer = ("\0\1\0" + NOT_A_COUNT).getBytes(US_ASCII);
      FinalAnswer.demandRefusal(context, each.name() + " behind two counts", request, answer);
    }
    byte[] answer = NOT_A_COUNT.getBytes(US_ASCII);
    try (Peer peer = context.connect()) {
      peer.send("1");
      peer.expectSilence(BETWEEN_PARTS);
      peer.send("x\n");
      peer.expect(answer);
      peer.expectFin();
    } catch (Broken e) {
      throw e.at("the count 1x, of which the 1 comes first");
    }
  }

  private static boolean isDigit(byte octet) {
    return octet >= '0' && octet <= '9';
  }

  static void unfinishedCounts(TestContext context)
      throws Broken, IOException, InterruptedException {
    byte[] error = NOT_A_COUNT.getBytes(US_ASCII);
    byte[] errorBehindTwoBytes = ("\0\1" + NOT_A_COUNT).getBytes(US_ASCII);
    Sample half = Sample.text("a count without LF", "2");
    FinalAnswer.demandUntilFin(context, half, error, true);
    FinalAnswer.demandUntilFin(context, Sample.text("no count", ""), new byte[0], true);
    FinalAnswer.demandUntilFin(context, Sample.text("a count", "2\n"), new byte[] {0, 1}, true);

    FinalAnswer.demandUntilFin(context, Sample.text("no count", ""), new byte[0], false);
    FinalAnswer.demandUntilFin(context, Sample.text("a count", "2\n"), new byte[] {0, 1}, false);
    FinalAnswer.demandUntilFin(context, Sample.text("the count 0", "0\n"), new byte[0], false);
    FinalAnswer.demandUntilFin(
        context, Sample.text("two counts", "2\n1\n"), new byte[] {0, 1, 0}, false);
    FinalAnswer.demandUntilFin(context, half, error, false);
    Sample thirteen = Sample.text("thirteen digits without LF", "1234567890123");
    FinalAnswer.demandUntilFin(context, thirteen, error, false);
    Sample second = Sample.text("a count, and one without LF", "2\n12");
    FinalAnswer.demandUntilFin(context, second, errorBehindTwoBytes, false);
    behindALongReply(context, "a count, then FIN", "", new byte[0]);
    behindALongReply(context, "a count, and the digits 12 without LF, then FIN", "12", error);
  }

  /** The FIN comes while the server is blocked; the client reads only afterwards. */
  private static void behindALongReply(
      TestContext context, String what, String behind, byte[] lastAnswer)
      throws Broken, IOException, InterruptedException {
    try (Peer peer = context.connectWithWindow(SMALL_WINDOW)) {
      LongReply reply = LongReply.blocking(peer, LongReply.LENGTH, behind);
      peer.finishSending();
      peer.pause(context.time(SILENCE));
      reply.expect();
      peer.expect(lastAnswer);
      peer.expectFin();
    } catch (Broken e) {
      throw e.at(what + ", from a client that does not read yet");
    }
  }

  /** Reads nothing until the server has filled all buffers, and then reads everything. */
  static void slowReader(TestContext context) throws Broken, IOException, InterruptedException {
    Peer peer = context.connectWithWindow(SMALL_WINDOW);
    LongReply.blocking(peer, LongReply.LENGTH, "").expect();
    peer.send("3\n");
    peer.expect(new byte[] {0, 1, 2});
  }
}
