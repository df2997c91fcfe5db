package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.FLOOD;
import static iomodels.service.Services.LINES;
import static iomodels.service.Services.UPPER;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Need;
import iomodels.conformance.Trial;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/** Section 4: how conversations end. */
final class ClosingRules {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "4.01",
              MUST,
              "After the client's FIN, send all that is owed, then FIN.",
              FLOOD,
              Set.of(Need.HALF_CLOSE),
              ClosingRules::halfClose),
          new Rule(
              "4.02",
              MUST,
              "Close soon after the client has closed.",
              UPPER,
              Set.of(Need.TIMED),
              ClosingRules::closeInTime),
          new Rule(
              "4.03",
              MUST,
              "Survive clients that connect and close.",
              UPPER,
              Set.of(),
              ClosingRules::connectThenClose),
          new Rule(
              "4.04",
              MUST,
              "Survive RST in the middle of a request and of a reply.",
              FLOOD,
              Set.of(),
              ClosingRules::resets),
          new Rule(
              "4.05",
              MUST,
              "Never answer a clean exchange with RST, nor input that is left unread.",
              LINES,
              Set.of(),
              ClosingRules::noReset),
          new Rule(
              "4.06",
              MUST,
              "Answer all that a client has sent before its FIN, however late it reads, then FIN.",
              UPPER,
              Set.of(Need.HALF_CLOSE),
              ClosingRules::finBehindUnansweredInput));

  private static final long OWED = 20_000_000;
  private static final int SMALL_WINDOW = 16 * 1024;
  private static final int HALF_CLOSERS = 100;

  /** More than what the kernels hold of an unread conversation. */
  private static final long MOST_SENT = 32 << 20;

  private ClosingRules() {}

  private static void halfClose(Trial trial) throws Broken, IOException, InterruptedException {
    // Much more than the kernel buffers, to a reader that is slow to begin.
    Peer slow = trial.connectWithWindow(SMALL_WINDOW);
    slow.send(OWED + "\n");
    slow.finishSending();
    slow.pauseUntilFull();
    slow.expectStream(Text::flood, OWED);
    slow.expectFin();
    slow.close();

    // Request and FIN at once: the FIN may come before the server has looked at the request.
    for (int i = 0; i < HALF_CLOSERS; i++) {
      long owed = trial.random().nextLong(1, 100_000);
      Peer peer = trial.connect();
      peer.send("3\n" + owed + "\n");
      peer.finishSending();
      peer.expect(new byte[] {0, 1, 2});
      peer.expectStream(Text::flood, owed);
      peer.expectFin();
      peer.close();
    }
  }

  /** When the FIN comes there are replies in every buffer on the way back. */
  private static void finBehindUnansweredInput(Trial trial)
      throws Broken, IOException, InterruptedException {
    Peer late = trial.connectWithWindow(SMALL_WINDOW);
    Peer.Stream stream = Text.stream(trial.random().nextInt());
    long sent = late.sendUntilFull(stream, MOST_SENT);
    late.finishSending();
    late.pause(trial.time(SILENCE));
    late.expectStream(Text.upper(stream), sent);
    late.expectFin();
    late.close();

    // All of it at once: the FIN may come before the server has looked at the first message.
    for (int i = 0; i < HALF_CLOSERS; i++) {
      byte[] text = Text.noise(trial.random(), trial.random().nextInt(1, 1_000));
      Peer peer = trial.connect();
      peer.send(text, 0, text.length / 2);
      peer.send(text, text.length / 2, text.length - text.length / 2);
      peer.finishSending();
      peer.expect(Text.upper(text));
      peer.expectFin();
      peer.close();
    }
  }

  private static void closeInTime(Trial trial) throws Broken, IOException, InterruptedException {
    Peer peer = trial.connect();
    peer.send("bye");
    peer.expect("BYE");
    peer.finishSending();
    peer.expectFin(trial.time(CLOSE));
  }

  private static void connectThenClose(Trial trial)
      throws Broken, IOException, InterruptedException {
    for (int i = 0; i < 20; i++) {
      trial.connect().close();
    }
    Peer peer = trial.connect();
    peer.send("still there?");
    peer.expect("STILL THERE?");
  }

  private static void resets(Trial trial) throws Broken, IOException, InterruptedException {
    for (int i = 0; i < 10; i++) {
      Peer silent = trial.connect();
      silent.reset();
      Peer request = trial.connect();
      request.send("100");
      request.reset();
      Peer reply = trial.connect();
      reply.send("100000000\n");
      reply.expectStream(Text::flood, 1000);
      reply.reset();
      Peer halfClosed = trial.connect();
      halfClosed.send("100000000\n");
      halfClosed.finishSending();
      halfClosed.reset();
    }
    Peer peer = trial.connect();
    peer.send("4\n");
    peer.expect(new byte[] {0, 1, 2, 3});
  }

  private static void noReset(Trial trial) throws Broken, IOException, InterruptedException {
    Peer clean = trial.connect();
    clean.send("clean\n");
    clean.expect("CLEAN\n");
    clean.finishSending();
    clean.expectFin();
    clean.close();

    // The server stops listening in the middle of this; the client hears why all the same.
    Peer long1 = trial.connect();
    byte[] unread = Text.letters(trial.random(), 400_000);
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
}
