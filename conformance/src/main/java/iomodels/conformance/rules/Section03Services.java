package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.FIXED;
import static iomodels.service.Services.FLOOD;
import static iomodels.service.Services.LINES;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.TestContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
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
              FloodCounts::slowReader),
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
              FloodCounts::counts),
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
              FloodCounts::malformedCounts),
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
              FloodCounts::unfinishedCounts));

  /** So many beginnings of 50 bytes are longer than a line may be. */
  private static final int ENDS = 200;

  /** On a busy machine the server may read later, which is no fault. */
  private static final Duration READ = Duration.ofSeconds(1);

  private static final int MAX_LINE = 8192;
  private static final int MANY_LINES = 10_000;
  private static final int LINES_IN_A_WRITE = 64;
  private static final int MAX_REQUEST = 512;

  /** How many unfinished inputs are also sent before FIN, instead of together with it. */
  private static final int FIN_LATER = 5;

  private static final String CONSTANT = "dddddd";

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

  private static final String TOO_LONG = "ERR line too long\n";
  private static final int SMALL_WINDOW = 4096;
  private static final long MOST_SENT = 8 << 20;

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
    for (int length : new int[] {1, 10, 1000, MAX_LINE - 1}) {
      peer.send("x".repeat(length));
      peer.awaitRead(READ);
      byte[] rest = "y\nab\n\ncd\n".getBytes(US_ASCII);
      peer.send(rest);
      try {
        peer.expect("X".repeat(length) + "Y\nAB\n\nCD\n");
      } catch (Broken e) {
        throw e.at(
            "the end of a line of %,d bytes, with three lines behind it".formatted(length + 1));
      }
    }
    for (int i = 0; i < ENDS; i++) { // Each write ends a line, and begins one.
      peer.send("x".repeat(30) + "\n" + "y".repeat(50));
      peer.awaitRead(READ);
      peer.expect((i == 0 ? "" : "Y".repeat(50)) + "X".repeat(30) + "\n");
    }
    peer.send("\n");
    peer.expect("Y".repeat(50) + "\n");
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
    FinalAnswer.demandRefusal(
        context, "8,193 bytes behind two lines", behind, "ONE\nTWO\n" + TOO_LONG);
    byte[] second = ("x".repeat(MAX_LINE) + "\n" + "y".repeat(MAX_LINE + 1)).getBytes(US_ASCII);
    byte[] answer = ("X".repeat(MAX_LINE) + "\n" + TOO_LONG).getBytes(US_ASCII);
    FinalAnswer.demandRefusal(context, "8,193 bytes behind a line of 8,192", second, answer);
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

    Peer marked = context.connect();
    Sample mark = Sample.text("a byte order mark at the beginning of a connection", "\uFEFFx\n");
    marked.send(mark.bytes());
    Sample.expect(marked, List.of(mark), "", Text::upper);
    marked.close();

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
      FinalAnswer.demandUntilFin(context, each, Text.upper(each.bytes()), false);
    }
    for (Sample each : inputs.subList(0, FIN_LATER)) {
      FinalAnswer.demandUntilFin(context, each, Text.upper(each.bytes()), true);
    }
    Sample tooLong = Sample.text("8,193 bytes without LF", "a\n" + "x".repeat(MAX_LINE + 1));
    FinalAnswer.demandUntilFin(context, tooLong, ("A\n" + TOO_LONG).getBytes(US_ASCII), false);
    lastLineOfALateReader(context);
  }

  /** The last line and FIN come while the server is blocked: behind other lines, and alone. */
  private static void lastLineOfALateReader(TestContext context)
      throws Broken, IOException, InterruptedException {
    Exchange.Flow flow = Exchange.of(context).flow(context.random().nextInt());
    Peer first = context.connectWithWindow(SMALL_WINDOW);
    long sent = first.sendUntilFull(flow.requests(), MOST_SENT);
    OptionalLong given = BlockedServer.given(first);
    demandLastLine(context, first, flow, sent);
    for (int beyond : BlockedServer.BEYOND) {
      Peer peer = context.connectWithWindow(SMALL_WINDOW);
      sent = BlockedServer.block(peer, flow, given, beyond, MOST_SENT);
      demandLastLine(context, peer, flow, sent);
    }
  }

  private static void demandLastLine(
      TestContext context, Peer peer, Exchange.Flow flow, long before)
      throws Broken, InterruptedException {
    long sent = before;
    if (flow.atEnd(sent).length == 0) {
      sent += peer.sendUntilFull(flow.requests().from(sent), 1);
    }
    peer.finishSending();
    peer.pause(context.time(SILENCE));
    try {
      new Exchange.Pending(flow, sent).expectToTheEnd(peer);
    } catch (Broken e) {
      throw e.at(
          "a last line of %d bytes without LF, then FIN, from a client that does not read yet"
              .formatted(flow.atEnd(sent).length));
    }
    peer.close();
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
}
