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
import iomodels.conformance.Trial;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/** Section 3: the services beside upper, which show what an echo cannot. */
final class ServiceRules {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "3.01", MUST, "Hold a line until it ends.", LINES, Set.of(), ServiceRules::heldLine),
          new Rule(
              "3.02",
              MUST,
              "Answer every one of several lines that arrive together, in order.",
              LINES,
              Set.of(),
              ServiceRules::coalescedLines),
          new Rule(
              "3.03",
              MUST,
              "Keep a CR before the LF, even if they arrive apart.",
              LINES,
              Set.of(),
              ServiceRules::splitCrLf),
          new Rule(
              "3.04",
              MUST,
              "Answer a line of 8,192 bytes; refuse a longer one with the error line, then FIN.",
              LINES,
              Set.of(),
              ServiceRules::longLines),
          new Rule(
              "3.05",
              MUST,
              "Answer the constant, once for each request that was awaited.",
              FIXED,
              Set.of(),
              ServiceRules::constant),
          new Rule(
              "3.06",
              MUST,
              "Deliver every byte asked for to a slow reader.",
              FLOOD,
              Set.of(),
              ServiceRules::slowReader));

  private static final int MAX_LINE = 8192;
  private static final String TOO_LONG = "ERR line too long\n";
  private static final long FLOOD_LENGTH = 20_000_000;
  private static final int SMALL_WINDOW = 4096;

  private ServiceRules() {}

  private static void heldLine(Trial trial) throws Broken, IOException, InterruptedException {
    Peer peer = trial.connect();
    peer.send("half a ");
    peer.expectSilence(trial.time(SILENCE));
    peer.send("line\nand");
    peer.expect("HALF A LINE\n");
    peer.expectSilence(trial.time(SILENCE));
    peer.send(" more\n");
    peer.expect("AND MORE\n");
  }

  private static void coalescedLines(Trial trial) throws Broken, IOException, InterruptedException {
    Peer peer = trial.connect();
    peer.send("one\ntwo\n\nthree\n");
    peer.expect("ONE\nTWO\n\nTHREE\n");
  }

  private static void splitCrLf(Trial trial) throws Broken, IOException, InterruptedException {
    Peer peer = trial.connect();
    peer.send("split\r");
    peer.expectSilence(trial.time(SILENCE));
    peer.send("\nwhole\r\n");
    peer.expect("SPLIT\r\nWHOLE\r\n");
  }

  private static void longLines(Trial trial) throws Broken, IOException, InterruptedException {
    byte[] longest = Text.letters(trial.random(), MAX_LINE + 1);
    longest[MAX_LINE] = '\n';
    Peer polite = trial.connect();
    polite.send(longest);
    polite.expect(Text.upper(longest));
    polite.close();

    Peer endless = trial.connect();
    endless.send(Text.letters(trial.random(), MAX_LINE + 1));
    endless.expect(TOO_LONG);
    endless.expectFin();
  }

  private static void constant(Trial trial) throws Broken, IOException, InterruptedException {
    Peer peer = trial.connect();
    byte[] reply = "dddddd".getBytes(US_ASCII);
    for (int length : new int[] {1, 2, 6, 100, 511, 512, 1, 3}) {
      peer.send(Text.letters(trial.random(), length));
      peer.expect(reply);
    }
    peer.expectSilence(trial.time(SILENCE));
  }

  /** Reads nothing until the server must have filled every buffer there is, then reads it all. */
  private static void slowReader(Trial trial) throws Broken, IOException, InterruptedException {
    Peer peer = trial.connectWithWindow(SMALL_WINDOW);
    peer.send(FLOOD_LENGTH + "\n");
    peer.pauseUntilFull();
    peer.expectStream(Text::flood, FLOOD_LENGTH);
    peer.send("3\n");
    peer.expect(new byte[] {0, 1, 2});
  }
}
