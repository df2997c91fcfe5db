package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Bound.VOLUME;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.FIXED;
import static iomodels.service.Services.FLOOD;
import static iomodels.service.Services.LINES;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.TestContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Section 3: the services other than {@code upper}: they have faults that an echo cannot have. */
final class Section03Services {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "3.01",
              MUST,
              "The server MUST NOT answer a line before the line is complete.",
              "TCP is a byte stream without message boundaries (RFC 9293), so a read may"
                  + " return half of a line. A server that answers each read works on one machine"
                  + " and fails on a slow network.",
              LINES,
              Set.of(),
              Section03Services::heldLine),
          new Rule(
              "3.02",
              MUST,
              "The server MUST answer each of several lines that arrive together, in order.",
              "One read may return several lines, since clients pipeline and TCP coalesces small"
                  + " writes. A server that handles one line per read leaves the others in its own"
                  + " buffer, where select does not see them (Stevens, UNP vol. 1, section 6.5).",
              LINES,
              Set.of(),
              Section03Services::coalescedLines),
          new Rule(
              "3.03",
              MUST,
              "The server MUST keep a CR before the LF, even if the two arrive separately.",
              "A read may end between CR and LF. A server that drops a CR at the end of a"
                  + " read changes the text, but only where a segment happens to end there, which"
                  + " tests rarely hit.",
              LINES,
              Set.of(),
              Section03Services::splitCrLf),
          new Rule(
              "3.04",
              MUST,
              "The server MUST answer a line of 8,192 bytes; it MUST refuse a longer one with"
                  + " the error line, and then send FIN.",
              "Without a limit, one client that never sends LF can exhaust the server's"
                  + " memory (CWE-770). A limit that is off by one refuses valid input, and a close"
                  + " without an error line looks like a network failure.",
              LINES,
              Set.of(),
              Section03Services::longLines),
          new Rule(
              "3.05",
              MUST,
              "The server MUST send the constant exactly once for each request of a client"
                  + " that waits for each reply.",
              "The client matches replies to requests by their order, as HTTP/1.1 does (RFC"
                  + " 9112, section 9.2). After one reply too many or too few, each later reply is"
                  + " taken for the answer to another request.",
              FIXED,
              Set.of(),
              Section03Services::constant),
          new Rule(
              "3.06",
              MUST,
              "The server MUST deliver every requested byte to a client that reads slowly.",
              "When the send buffer is full, write(2) blocks, writes only a part, or fails with"
                  + " EAGAIN. A server that drops the rest or gives up truncates downloads, but"
                  + " only for clients on slow networks.",
              FLOOD,
              Set.of(),
              Section03Services::slowReader),
          new Rule(
              "3.07",
              MUST,
              "The server MUST end a line at LF only, and MUST treat its other bytes as `upper`"
                  + " does: NUL, CR, blanks and invalid UTF-8 are data.",
              "Text APIs know other ends: BufferedReader.readLine also ends a line at CR (its"
                  + " Javadoc), and Python's str.splitlines at ten characters, U+0085 and U+2028"
                  + " among them. One end too many shifts every later reply; strip and decoders"
                  + " lose data.",
              LINES,
              Set.of(),
              Section03Services::anyBytesInLines),
          new Rule(
              "3.08",
              MUST,
              "After the client's FIN, the server MUST answer a last line that lacks its LF,"
                  + " without LF, and MUST NOT answer anything more before it sends FIN.",
              "Files often lack the last newline. A loop that waits for LF loses such a line, one"
                  + " that adds LF to each reply changes it, and \"a\\n\".split(\"\\n\") in"
                  + " Python has an empty line at its end, which the client has not sent.",
              LINES,
              Set.of(Precondition.HALF_CLOSE),
              Section03Services::unfinishedLines),
          new Rule(
              "3.09",
              MUST,
              "The server MUST answer a count of up to thirteen digits, leading zeros included,"
                  + " with exactly that many bytes, and MUST begin each reply at byte 0.",
              "A count in 32 bits turns 4,294,967,297 into 1 (CWE-190, integer overflow), and"
                  + " strtol(3) with base 0 reads 010 as eight. One byte too many or too few is"
                  + " taken for a part of the next reply.",
              FLOOD,
              Set.of(),
              Section03Services::counts),
          new Rule(
              "3.10",
              MUST,
              "The server MUST answer the counts before a malformed one, refuse that one with the"
                  + " error line, and send nothing after it but FIN.",
              "Parsers accept more than the grammar: Long.parseLong takes a sign and the digits of"
                  + " other scripts (its Javadoc), and Python's int also blanks and underscores."
                  + " Two programs that read one request differently open the door to smuggling"
                  + " (RFC 9112, section 11.2).",
              FLOOD,
              Set.of(),
              Section03Services::malformedCounts),
          new Rule(
              "3.11",
              MUST,
              "After the client's FIN, the server MUST refuse a count that lacks its LF; if the"
                  + " last count was complete, the server MUST send its reply and FIN only.",
              "The digits may be the beginning of a longer count, since a crash of the client can"
                  + " cut it off anywhere. RFC 9112, section 8, makes HTTP servers treat such a"
                  + " request as incomplete.",
              FLOOD,
              Set.of(Precondition.HALF_CLOSE),
              Section03Services::unfinishedCounts));

  private static final int MAX_LINE = 8192;
  private static final int MANY_LINES = 10_000;
  private static final int LINES_IN_A_WRITE = 64;
  private static final int MAX_REQUEST = 512;

  /** How many unfinished inputs are also sent before FIN, instead of together with it. */
  private static final int FIN_LATER = 5;

  private static final String CONSTANT = "dddddd";
  private static final String NOT_A_COUNT = "ERR expected a count\n";

  /** Time for the server to read what has been sent, so that it reads the rest separately. */
  private static final Duration BETWEEN_PARTS = Duration.ofMillis(20);

  private static final Duration BETWEEN_REQUESTS = Duration.ofMillis(2);

  /** Lines of which the first two bytes are sent before the rest. */
  private static final List<Sample> SPLIT_LINES =
      List.of(
          Sample.text("a character of two bytes, sent in two parts", "x\u00E9\n"),
          Sample.text("a character of three bytes, sent in two parts", "\u4F60x\n"),
          Sample.text("a character of four bytes, sent in two parts", "\uD83D\uDE00x\n"),
          Sample.text("CR, then the rest of the line", "x\ry\n"),
          Sample.text("blanks, then the rest of the line", "  x\n"),
          Sample.text("LF after the other bytes", "ab\n"));

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
          Sample.hex("a byte order mark before a count", "EFBBBF35"));

  private static final String TOO_LONG = "ERR line too long\n";
  private static final long FLOOD_LENGTH = 20_000_000;
  private static final int SMALL_WINDOW = 4096;

  private Section03Services() {}

  private static void heldLine(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    peer.send("half a ");
    peer.expectSilence(context.time(SILENCE));
    peer.send("line\nand");
    peer.expect("HALF A LINE\n");
    peer.expectSilence(context.time(SILENCE));
    peer.send(" more\n");
    peer.expect("AND MORE\n");
    for (int i = 0; i < 2; i++) {
      peer.send("\n"); // A complete line, though it comes alone.
      peer.expect("\n");
    }
  }

  private static void coalescedLines(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    peer.send("one\ntwo\n\nthree\n");
    peer.expect("ONE\nTWO\n\nTHREE\n");
    byte[] empty = "\n".repeat(MANY_LINES).getBytes(US_ASCII);
    exchange(peer, "%,d empty lines in one write".formatted(MANY_LINES), empty);
    StringBuilder numbered = new StringBuilder();
    for (int i = 0; i < MANY_LINES; i++) {
      numbered.append("line ").append(i).append('\n');
    }
    byte[] lines = numbered.toString().getBytes(US_ASCII);
    exchange(peer, "%,d lines in one write".formatted(MANY_LINES), lines);
  }

  private static void exchange(Peer peer, String what, byte[] lines)
      throws Broken, InterruptedException {
    try {
      peer.exchange(lines, Text.upper(lines));
    } catch (Broken e) {
      throw e.at(what);
    }
  }

  private static void splitCrLf(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    peer.send("split\r");
    peer.expectSilence(context.time(SILENCE));
    peer.send("\nwhole\r\n");
    peer.expect("SPLIT\r\nWHOLE\r\n");
  }

  private static void longLines(TestContext context)
      throws Broken, IOException, InterruptedException {
    byte[] longest = line(context, MAX_LINE);
    Peer polite = context.connect();
    polite.send(longest);
    polite.expect(Text.upper(longest));
    List<Sample> permitted =
        List.of(
            new Sample("a line of 8,191 bytes", line(context, MAX_LINE - 1)),
            new Sample("a second line of 8,192 bytes", line(context, MAX_LINE)),
            Sample.text("8,192 bytes with a CR", "x".repeat(MAX_LINE - 1) + "\r\n"),
            Sample.text("8,192 bytes of UTF-8", "\u00E9".repeat(MAX_LINE / 2) + "\n"));
    for (Sample each : permitted) {
      exchange(polite, each.name(), each.bytes());
    }
    for (int first : new int[] {1, MAX_LINE / 2, MAX_LINE - 1, MAX_LINE}) {
      inTwo(polite, longest, first);
    }
    Sample.exchangeInPieces(
        polite, List.of(new Sample("8,192 bytes", longest)), context.random(), Text::upper);
    polite.close();

    demandTooLong(context, "8,193 bytes without LF", "", "x".repeat(MAX_LINE + 1));
    demandTooLong(context, "8,193 bytes and LF", "", "x".repeat(MAX_LINE + 1) + "\n");
    demandTooLong(context, "8,193 bytes with a CR", "", "x".repeat(MAX_LINE) + "\r\n");
    demandTooLong(context, "8,193 bytes of UTF-8", "", "\u4E16".repeat(MAX_LINE / 3 + 1) + "\n");
    demandTooLong(context, "8,193 bytes in pieces", "x".repeat(MAX_LINE), "x\n");
    demandTooLong(context, "a line of 70,000 bytes", "", "x".repeat(70_000) + "\nmore\n");
    String behind = "one\ntwo\n" + "x".repeat(MAX_LINE + 1) + "\nthree\n";
    demandRefusal(context, "8,193 bytes behind two lines", behind, "ONE\nTWO\n" + TOO_LONG);
    byte[] second = ("x".repeat(MAX_LINE) + "\n" + "y".repeat(MAX_LINE + 1)).getBytes(US_ASCII);
    byte[] answer = ("X".repeat(MAX_LINE) + "\n" + TOO_LONG).getBytes(US_ASCII);
    demandRefusal(context, "8,193 bytes behind a line of 8,192", second, answer);
  }

  private static byte[] line(TestContext context, int length) {
    byte[] line = Text.letters(context.random(), length + 1);
    line[length] = '\n';
    return line;
  }

  /** Sends a line in two parts that the server reads separately, unless it is delayed. */
  private static void inTwo(Peer peer, byte[] line, int first) throws Broken {
    try {
      peer.send(line, 0, first);
      peer.expectSilence(BETWEEN_PARTS);
      peer.send(line, first, line.length - first);
      peer.expect(Text.upper(line));
    } catch (Broken e) {
      throw e.at("a line of %,d bytes and LF, of which %,d come first".formatted(MAX_LINE, first));
    }
  }

  private static void demandTooLong(TestContext context, String what, String before, String line)
      throws Broken, IOException, InterruptedException {
    try (Peer peer = context.connect()) {
      if (!before.isEmpty()) {
        peer.send(before);
        peer.expectSilence(BETWEEN_PARTS);
      }
      peer.send(line);
      peer.expect(TOO_LONG);
      peer.expectFinDespite("next\n");
    } catch (Broken e) {
      throw e.at(what);
    }
  }

  private static void demandRefusal(TestContext context, String what, String request, String answer)
      throws Broken, IOException, InterruptedException {
    demandRefusal(context, what, request.getBytes(UTF_8), answer.getBytes(UTF_8));
  }

  /** Sends a request on a connection of its own, and demands this answer and FIN. */
  private static void demandRefusal(TestContext context, String what, byte[] request, byte[] answer)
      throws Broken, IOException, InterruptedException {
    try (Peer peer = context.connect()) {
      peer.send(request);
      peer.expect(answer);
      peer.expectFinDespite("3\n");
    } catch (Broken e) {
      throw e.at(what);
    }
  }

  private static void anyBytesInLines(TestContext context)
      throws Broken, IOException, InterruptedException {
    List<Sample> lines = new ArrayList<>();
    lines.addAll(Sample.everyByte("", ""));
    lines.addAll(Sample.everyByte("x", "y"));
    lines.addAll(Sample.texts());
    lines.addAll(Sample.carriageReturns());
    lines.add(Sample.text("an empty line", ""));
    lines.replaceAll(it -> it.with("\n"));
    Peer peer = context.connect();
    for (int i = 0; i < lines.size(); i += LINES_IN_A_WRITE) {
      List<Sample> batch = lines.subList(i, Math.min(lines.size(), i + LINES_IN_A_WRITE));
      peer.send(Sample.joined(batch));
      Sample.expect(peer, batch, "", Text::upper);
    }
    Sample.exchangeInPieces(peer, lines, context.random(), Text::upper);
    for (Sample each : SPLIT_LINES) {
      try {
        peer.send(each.bytes(), 0, 2);
        peer.expectSilence(BETWEEN_PARTS);
        peer.send(each.bytes(), 2, each.bytes().length - 2);
        peer.expect(Text.upper(each.bytes()));
      } catch (Broken e) {
        throw e.at(each.name());
      }
    }
    peer.finishSending();
    peer.expectFin();
    peer.close();

    try (Peer leaving = context.connect()) {
      leaving.send("left behind ");
    }
    Peer next = context.connect();
    next.send("here\n");
    Sample behind = Sample.text("after a client that left in the middle of a line", "here\n");
    Sample.expect(next, List.of(behind), "", Text::upper);
  }

  private static void unfinishedLines(TestContext context)
      throws Broken, IOException, InterruptedException {
    List<Sample> inputs =
        List.of(
            Sample.text("no line", ""),
            Sample.text("one byte", "x"),
            Sample.text("a line without LF", "abc"),
            Sample.text("a line with LF", "abc\n"),
            Sample.text("an empty last line with LF", "abc\n\n"),
            Sample.text("a line with LF, and one without", "one\ntwo"),
            Sample.text("CR at the end", "abc\r"),
            Sample.text("a blank", " "),
            Sample.hex("half a character", "78E4BD"),
            Sample.hex("NUL", "7800"),
            Sample.text("8,192 bytes without LF", "x".repeat(MAX_LINE)));
    for (Sample each : inputs) {
      demandUntilFin(context, each, Text.upper(each.bytes()), false);
    }
    for (Sample each : inputs.subList(0, FIN_LATER)) {
      demandUntilFin(context, each, Text.upper(each.bytes()), true);
    }
    Sample tooLong = Sample.text("8,193 bytes without LF", "a\n" + "x".repeat(MAX_LINE + 1));
    demandUntilFin(context, tooLong, ("A\n" + TOO_LONG).getBytes(US_ASCII), false);
  }

  /** Sends input and FIN, at once or one after the other; demands this answer and FIN. */
  private static void demandUntilFin(
      TestContext context, Sample input, byte[] answer, boolean finLater)
      throws Broken, IOException, InterruptedException {
    try (Peer peer = context.connect()) {
      peer.send(input.bytes());
      if (finLater) {
        peer.pause(BETWEEN_PARTS);
      }
      peer.finishSending();
      peer.expect(answer);
      peer.expectFin();
    } catch (Broken e) {
      throw e.at(input.name() + ", then FIN");
    }
  }

  private static void counts(TestContext context) throws Broken, IOException, InterruptedException {
    List<Sample> counts = new ArrayList<>();
    for (String each : COUNTS) {
      counts.add(Sample.text("the count " + each, each + "\n"));
    }
    Peer peer = context.connect();
    for (Sample each : counts) {
      peer.send(each.bytes());
      Sample.expect(peer, List.of(each), "", Section03Services::floodReply);
    }
    byte[] pipelined = Sample.joined(counts);
    peer.whileSending(
        () -> peer.send(pipelined),
        () -> Sample.expect(peer, counts, ", pipelined", Section03Services::floodReply));
    Sample.exchangeInPieces(peer, counts, context.random(), Section03Services::floodReply);
    try {
      peer.send("1");
      peer.expectSilence(BETWEEN_PARTS);
      peer.send("2\n");
      peer.expect(floodReply("12".getBytes(US_ASCII)));
    } catch (Broken e) {
      throw e.at("the count 12, of which the 1 comes first");
    }
    peer.send("10000000\n0\n");
    peer.expectStream(Text::flood, 10_000_000);
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
    Sample.expect(next, List.of(behind), "", Section03Services::floodReply);
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

  private static void malformedCounts(TestContext context)
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
      demandRefusal(context, each.name(), request.bytes(), NOT_A_COUNT.getBytes(US_ASCII));
    }
    for (Sample each : List.of(malformed.getFirst(), malformed.getLast())) {
      byte[] request = Sample.joined(List.of(Sample.text("", "2\n1\n"), each.with("\n3\n")));
      byte[] answer = ("\0\1\0" + NOT_A_COUNT).getBytes(US_ASCII);
      demandRefusal(context, each.name() + " behind two counts", request, answer);
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

  private static void unfinishedCounts(TestContext context)
      throws Broken, IOException, InterruptedException {
    byte[] error = NOT_A_COUNT.getBytes(US_ASCII);
    byte[] errorBehindTwoBytes = ("\0\1" + NOT_A_COUNT).getBytes(US_ASCII);
    Sample half = Sample.text("a count without LF", "2");
    demandUntilFin(context, half, error, true);
    demandUntilFin(context, Sample.text("no count", ""), new byte[0], true);
    demandUntilFin(context, Sample.text("a count", "2\n"), new byte[] {0, 1}, true);

    demandUntilFin(context, Sample.text("no count", ""), new byte[0], false);
    demandUntilFin(context, Sample.text("a count", "2\n"), new byte[] {0, 1}, false);
    demandUntilFin(context, Sample.text("the count 0", "0\n"), new byte[0], false);
    demandUntilFin(context, Sample.text("two counts", "2\n1\n"), new byte[] {0, 1, 0}, false);
    demandUntilFin(context, half, error, false);
    Sample thirteen = Sample.text("thirteen digits without LF", "1234567890123");
    demandUntilFin(context, thirteen, error, false);
    Sample second = Sample.text("a count, and one without LF", "2\n12");
    demandUntilFin(context, second, errorBehindTwoBytes, false);
  }

  private static void constant(TestContext context)
      throws Broken, IOException, InterruptedException {
    List<Sample> requests = new ArrayList<>();
    for (int length : new int[] {1, 2, 6, 100, 127, 128, 129, 255, 256, 257, 511, 512, 512, 1, 3}) {
      requests.add(request(context, length));
    }
    List<Sample> lengths = new ArrayList<>();
    for (int length = 1; length <= MAX_REQUEST; length++) {
      lengths.add(request(context, length));
    }
    requests.addAll(Sample.some(lengths, context));
    requests.addAll(Sample.texts());
    for (String lines : List.of("\n", "\r\n", "a\n", "a\r\n", "a\nb\n", "\n\n\n", "exit\n")) {
      requests.add(Sample.text("a request of lines", lines));
    }
    Peer peer = context.connect();
    for (Sample each : requests) {
      try {
        peer.send(each.bytes());
        peer.expect(CONSTANT);
        // A further reply would be taken for that to the next request.
        peer.expectSilence(BETWEEN_REQUESTS);
      } catch (Broken e) {
        throw e.at(each.name());
      }
    }
    peer.expectSilence(context.time(SILENCE));
    peer.close();
    for (int length : new int[] {1, 512}) {
      try (Peer other = context.connect()) {
        other.send(Text.letters(context.random(), length));
        other.expect(CONSTANT);
        other.finishSending();
        other.expectFin();
      } catch (Broken e) {
        throw e.at("a request of %d bytes, the reply, then FIN".formatted(length));
      }
    }
  }

  private static Sample request(TestContext context, int length) {
    String name = "a request of %d byte%s".formatted(length, length == 1 ? "" : "s");
    return new Sample(name, Text.letters(context.random(), length));
  }

  /** Reads nothing until the server has filled all buffers, and then reads everything. */
  private static void slowReader(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connectWithWindow(SMALL_WINDOW);
    peer.send(FLOOD_LENGTH + "\n");
    peer.pauseUntilFull();
    peer.expectStream(Text::flood, FLOOD_LENGTH);
    peer.send("3\n");
    peer.expect(new byte[] {0, 1, 2});
  }
}
