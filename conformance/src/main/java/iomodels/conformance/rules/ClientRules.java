package iomodels.conformance.rules;

import static iomodels.conformance.Bound.IDLE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.UPPER;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Broken;
import iomodels.conformance.Caller;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Trial;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/** Section 10: the client's side, against servers that are slow, rude, or gone. */
final class ClientRules {

  static final List<Rule> ALL =
      List.of(
          rule(
              "10.01",
              "Send each line that is given it whole, in order, and ended by LF.",
              ClientRules::sendsLines),
          rule(
              "10.02",
              "Show a reply at once, and not only when the next line or the end has come.",
              ClientRules::showsAtOnce),
          rule(
              "10.03",
              "Show every byte of a reply as it is, though each comes alone.",
              ClientRules::showsBytes),
          rule(
              "10.04",
              "Show all that comes, though it is more than was asked for.",
              ClientRules::showsMore),
          rule(
              "10.05",
              "Half-close at the end of the input, and show what comes until the server's FIN.",
              ClientRules::halfCloses),
          rule(
              "10.06",
              "Receive while there is more to send: the server may wait for that.",
              ClientRules::receivesWhileItSends),
          rule("10.07", "Wait for a server that is silent.", ClientRules::waits),
          rule(
              "10.08",
              "Say so, and fail, if the server closes before it has answered.",
              ClientRules::closedEarly),
          rule("10.09", "Say so, and fail, if the server resets.", ClientRules::reset),
          rule("10.10", "Say so, and fail, if nobody listens.", ClientRules::refused));

  private static final int MUCH = 8 << 20;
  private static final int MUCH_MORE = 100_000;

  private ClientRules() {}

  private static Rule rule(String id, String sentence, Check check) {
    return new Rule(id, MUST, sentence, UPPER, Set.of(), check);
  }

  private static void sendsLines(Trial trial) throws Broken, IOException, InterruptedException {
    String lines = "hello wörld\n%s\nlast\n".formatted("long,".repeat(600));
    Caller caller = trial.call();
    caller.type(lines);
    try (Peer server = caller.accept()) {
      server.expect(lines);
    }
  }

  private static void showsAtOnce(Trial trial) throws Broken, IOException, InterruptedException {
    Caller caller = trial.call();
    for (String word : List.of("one", "two")) {
      caller.type(word + "\n");
    }
    try (Peer server = caller.accept()) {
      server.expect("one\ntwo\n");
      server.send("ONE\n");
      caller.expectShown("ONE\n");
      server.send("TWO\n");
      caller.expectShown("TWO\n");
    }
  }

  private static void showsBytes(Trial trial) throws Broken, IOException, InterruptedException {
    byte[] reply = new byte[256];
    for (int i = 0; i < reply.length; i++) {
      reply[i] = (byte) i;
    }
    Caller caller = trial.call();
    caller.type("x\n");
    try (Peer server = caller.accept()) {
      server.expect("x\n");
      sendOneByOne(server, reply);
      sendOneByOne(server, "wörld 世界\n".getBytes(UTF_8));
      caller.expectShown(reply);
      caller.expectShown("wörld 世界\n");
    }
  }

  private static void sendOneByOne(Peer server, byte[] bytes) throws Broken {
    for (int i = 0; i < bytes.length; i++) {
      server.send(bytes, i, 1);
    }
  }

  private static void showsMore(Trial trial) throws Broken, IOException, InterruptedException {
    Caller caller = trial.call();
    try (Peer server = caller.accept()) {
      server.send("a greeting\n");
      caller.expectShown("a greeting\n");
      caller.type("x\n");
      server.expect("x\n");
      String reply = "X".repeat(MUCH_MORE) + "\n";
      server.send(reply);
      caller.expectShown(reply);
    }
  }

  private static void halfCloses(Trial trial) throws Broken, IOException, InterruptedException {
    Caller caller = trial.call();
    caller.type("last words\n");
    caller.endInput();
    try (Peer server = caller.accept()) {
      server.expect("last words\n");
      server.expectFin(trial.patience());
      server.send("LAST WORDS\n");
      server.finishSending();
      caller.expectShown("LAST WORDS\n");
      caller.expectSuccess();
    }
  }

  /** The server takes nothing before its own greeting, a long one, has gone. */
  private static void receivesWhileItSends(Trial trial)
      throws Broken, IOException, InterruptedException {
    byte[] lines =
        "the quick brown fox jumps over the lazy dog\n".repeat(MUCH / 44).getBytes(UTF_8);
    Caller caller = trial.call();
    caller.type(lines);
    caller.endInput();
    try (Peer server = caller.accept()) {
      server.sendWithin(trial.patience(), lines);
      server.expectStream(Peer.Stream.of(lines), lines.length);
      server.expectFin(trial.patience());
      server.finishSending();
      caller.expectShown(lines);
      caller.expectSuccess();
    }
  }

  private static void waits(Trial trial) throws Broken, IOException, InterruptedException {
    Caller caller = trial.call();
    caller.type("anybody there?\n");
    caller.endInput();
    try (Peer server = caller.accept()) {
      server.expect("anybody there?\n");
      caller.expectPatience(trial.time(IDLE));
      server.send("ANYBODY THERE?\n");
      server.finishSending();
      caller.expectShown("ANYBODY THERE?\n");
      caller.expectSuccess();
    }
  }

  private static void closedEarly(Trial trial) throws Broken, IOException, InterruptedException {
    Caller caller = trial.call();
    caller.type("hello\n");
    try (Peer server = caller.accept()) {
      server.expect("hello\n");
    }
    caller.expectComplaint();
  }

  private static void reset(Trial trial) throws Broken, IOException, InterruptedException {
    Caller caller = trial.call();
    caller.type("hello\n");
    try (Peer server = caller.accept()) {
      server.expect("hello\n");
      server.reset();
    }
    caller.expectComplaint();
  }

  private static void refused(Trial trial) throws Broken, IOException, InterruptedException {
    Caller caller = trial.callWithoutServer();
    caller.type("hello\n");
    caller.endInput();
    caller.expectComplaint();
  }
}
