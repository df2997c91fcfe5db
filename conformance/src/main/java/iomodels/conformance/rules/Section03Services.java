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
import iomodels.conformance.TestContext;
import java.io.IOException;
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
              Section03Services::slowReader));

  private static final int MAX_LINE = 8192;
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
  }

  private static void coalescedLines(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    peer.send("one\ntwo\n\nthree\n");
    peer.expect("ONE\nTWO\n\nTHREE\n");
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
    byte[] longest = Text.letters(context.random(), MAX_LINE + 1);
    longest[MAX_LINE] = '\n';
    Peer polite = context.connect();
    polite.send(longest);
    polite.expect(Text.upper(longest));
    polite.close();

    Peer endless = context.connect();
    endless.send(Text.letters(context.random(), MAX_LINE + 1));
    endless.expect(TOO_LONG);
    endless.expectFin();
  }

  private static void constant(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer peer = context.connect();
    byte[] reply = "dddddd".getBytes(US_ASCII);
    for (int length : new int[] {1, 2, 6, 100, 511, 512, 1, 3}) {
      peer.send(Text.letters(context.random(), length));
      peer.expect(reply);
    }
    peer.expectSilence(context.time(SILENCE));
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
