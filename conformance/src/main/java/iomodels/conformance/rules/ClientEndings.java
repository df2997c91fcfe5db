package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLIENT_IDLE;
import static iomodels.conformance.rules.Section10Clients.MUCH;
import static iomodels.conformance.rules.Section10Clients.MUCH_MORE;
import static iomodels.conformance.rules.Section10Clients.answer;
import static iomodels.conformance.rules.Section10Clients.endAndFinish;
import static iomodels.conformance.rules.Section10Clients.finish;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Broken;
import iomodels.conformance.ClientUnderTest;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** What a client does at the end of its input, while a server is silent, and when one fails. */
final class ClientEndings {

  private ClientEndings() {}

  static void halfCloses(TestContext context) throws Broken, IOException, InterruptedException {
    ClientUnderTest client = context.call();
    client.type("last words\n");
    client.endInput();
    ClientUnderTest silent = context.call();
    silent.endInput();
    ClientUnderTest lines = context.call();
    lines.type("one\ntwo\nthree\n");
    lines.endInput();
    try (Peer server = client.accept()) {
      server.expect("last words\n");
      server.expectFin(context.patience());
      server.send("LAST WORDS\n");
      client.expectShown("LAST WORDS\n");
      finish(client, server, "x".repeat(1 << 20));
    }
    try (Peer server = silent.accept()) {
      server.expectFin(context.patience());
      finish(silent, server, "a notice\n");
    } catch (Broken e) {
      throw e.at("a client without input");
    }
    try (Peer server = lines.accept()) {
      server.expect("one\ntwo\nthree\n");
      server.expectFin(context.patience());
      finish(lines, server, "one reply without LF");
    } catch (Broken e) {
      throw e.at("one reply to three lines");
    }
  }

  /**
   * One client waits for the rest of a reply, one has half-closed, one has done both, and one
   * cannot send any more, since the server does not read.
   */
  static void waits(TestContext context) throws Broken, IOException, InterruptedException {
    ClientUnderTest open = context.call();
    ClientUnderTest halfClosed = context.call();
    ClientUnderTest both = context.call();
    for (ClientUnderTest each : List.of(open, halfClosed, both)) {
      each.type("anybody there?\n");
    }
    halfClosed.endInput();
    both.endInput();
    ClientUnderTest sending = context.call();
    byte[] much = "the quick brown fox jumps over the lazy dog\n".repeat(MUCH / 44).getBytes(UTF_8);
    sending.type(much);
    sending.endInput();
    try (Peer unread = sending.accept();
        Peer first = open.accept();
        Peer second = halfClosed.accept();
        Peer third = both.accept()) {
      for (Peer each : List.of(first, second, third)) {
        each.expect("anybody there?\n");
      }
      second.expectFin();
      third.expectFin();
      for (Peer each : List.of(first, third)) {
        each.send("ANYBODY ");
      }
      open.expectShown("ANYBODY ");
      both.expectShown("ANYBODY ");
      unread.pauseUntilFull(); // From now on the sending client waits as well.
      Duration time = context.time(CLIENT_IDLE);
      demandPatience(open, time, Duration.ZERO, "in the middle of a reply");
      demandPatience(halfClosed, time, time, "after the end of its input");
      demandPatience(both, time, time, "after its input, in the middle of a reply");
      demandPatience(sending, time, time, "while the server reads nothing");
      unread.expectStream(Peer.BytePattern.of(much), much.length);
      unread.expectFin();
      finish(sending, unread, "a reply\n");
      first.expectSilence(Duration.ofMillis(1));
      finish(halfClosed, second, "ANYBODY THERE?\n");
      finish(both, third, "THERE?\n");
      first.send("THERE?\n");
      open.expectShown("THERE?\n");
      endAndFinish(open, first, "");
    }
  }

  private static void demandPatience(
      ClientUnderTest client, Duration time, Duration passed, String when)
      throws Broken, InterruptedException {
    try {
      client.expectPatience(time, passed);
    } catch (Broken e) {
      throw e.at(when);
    }
  }

  static void closedEarly(TestContext context) throws Broken, IOException, InterruptedException {
    ClientUnderTest client = context.call();
    ClientUnderTest ended = context.call();
    ClientUnderTest second = context.call();
    client.type("hello\n");
    ended.type("hello\n");
    ended.endInput();
    second.type("one\n");
    try (Peer server = client.accept()) {
      server.expect("hello\n");
    }
    client.expectErrorMessage();
    try (Peer server = ended.accept()) {
      server.expect("hello\n");
      server.expectFin();
      server.finishSending();
      ended.expectErrorMessage();
    } catch (Broken e) {
      throw e.at("FIN after the client's FIN, without an answer");
    }
    try (Peer server = second.accept()) {
      server.expect("one\n");
      answer(second, server, "one\n");
      second.type("two\n");
      server.expect("two\n");
      server.finishSending();
      second.expectErrorMessage();
    } catch (Broken e) {
      throw e.at("FIN instead of the second answer");
    }
  }

  static void reset(TestContext context) throws Broken, IOException, InterruptedException {
    ClientUnderTest client = context.call();
    ClientUnderTest ended = context.call();
    ClientUnderTest sending = context.call();
    ClientUnderTest idle = context.call();
    client.type("hello\n");
    ended.type("hello\n");
    ended.endInput();
    byte[] much = "the quick brown fox jumps over the lazy dog\n".repeat(MUCH / 44).getBytes(UTF_8);
    sending.type(much);
    sending.endInput();
    idle.type("hello\n");
    try (Peer server = client.accept()) {
      server.expect("hello\n");
      server.reset();
    }
    client.expectErrorMessage();
    try (Peer server = ended.accept()) {
      server.expect("hello\n");
      server.expectFin();
      server.send("HELLO\nTHE");
      ended.expectShown("HELLO\nTHE");
      server.reset();
      ended.expectErrorMessage();
    } catch (Broken e) {
      throw e.at("a reset in the middle of a reply, after the client's FIN");
    }
    try (Peer server = sending.accept()) {
      server.expectStream(Peer.BytePattern.of(much), MUCH_MORE);
      server.reset();
      sending.expectErrorMessage();
    } catch (Broken e) {
      throw e.at("a reset while the client sends");
    }
    try (Peer server = idle.accept()) {
      server.expect("hello\n");
      answer(idle, server, "hello\n");
      server.reset();
      idle.expectErrorMessage();
    } catch (Broken e) {
      throw e.at("a reset while the client waits for input");
    }
  }

  static void refused(TestContext context) throws Broken, IOException, InterruptedException {
    ClientUnderTest client = context.callWithoutServer();
    client.type("hello\n");
    client.endInput();
    client.expectErrorMessage();
  }
}
