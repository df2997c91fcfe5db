package iomodels.conformance.rules;

import static iomodels.conformance.Bound.IDLE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.service.Services.UPPER;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Broken;
import iomodels.conformance.ClientUnderTest;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.TestContext;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/** Section 10: clients, with servers that are slow, misbehave, or are missing. */
final class Section10Clients {

  static final List<Rule> ALL =
      List.of(
          rule(
              "10.01",
              "The client MUST send each input line in full, in order, and ended by LF.",
              "Functions that read a line usually remove its LF. A server that waits for the"
                  + " LF never answers, and both sides wait forever.",
              Section10Clients::sendsLines),
          rule(
              "10.02",
              "The client MUST show a reply as soon as it arrives, not only when the next"
                  + " line or the end arrives.",
              "Output that does not go to a terminal is fully buffered by default"
                  + " (setvbuf(3)). A script that waits for a reply before it sends the next line"
                  + " then waits forever.",
              Section10Clients::showsAtOnce),
          rule(
              "10.03",
              "The client MUST show every byte of a reply unchanged, even if the bytes arrive"
                  + " one at a time.",
              "A read may end in the middle of a UTF-8 character (RFC 3629). A client that"
                  + " decodes each read separately shows U+FFFD in its place, and destroys binary"
                  + " data.",
              Section10Clients::showsBytes),
          rule(
              "10.04",
              "The client MUST show everything that arrives, even if it is more than the"
                  + " client asked for.",
              "A receive call returns the data that is available, up to the size of the"
                  + " buffer (recv(2)): one read is not one reply. A client that reads once per"
                  + " request loses greetings and the rest of long replies.",
              Section10Clients::showsMore),
          rule(
              "10.05",
              "At the end of its input, the client MUST half-close the connection, and show"
                  + " what arrives until the server's FIN.",
              "With piped input, the end comes long before the last reply. A client that"
                  + " closes the connection then loses the replies that are under way; one that"
                  + " calls shutdown(2) receives them (Stevens, UNP vol. 1, sections 6.5 and 6.6).",
              Section10Clients::halfCloses),
          rule(
              "10.06",
              "The client MUST receive while it has more to send, since the server may wait"
                  + " until its output is received.",
              "If both sides only send, the buffers in both directions fill up, and each side"
                  + " waits for the other forever. Python's subprocess documentation warns of the"
                  + " same deadlock between pipes.",
              Section10Clients::receivesWhileItSends),
          rule(
              "10.07",
              "The client MUST wait for a server that is silent.",
              "TCP does not limit silence: keep-alive probes are optional and off by default (RFC"
                  + " 1122, section 4.2.3.6). A client with a short timeout of its own fails at the"
                  + " first slow request.",
              Section10Clients::waits),
          rule(
              "10.08",
              "If the server closes before it has answered, the client MUST report the error"
                  + " and exit with a code other than 0.",
              "When a server process ends, its client receives a FIN (Stevens, UNP vol. 1,"
                  + " section 5.12). A script that is told of success continues without the data.",
              Section10Clients::closedEarly),
          rule(
              "10.09",
              "If the server resets the connection, the client MUST report the error and exit"
                  + " with a code other than 0.",
              "After a reset a read fails with ECONNRESET, and data may be lost. A client"
                  + " that takes this for the end of the reply passes on a truncated reply as"
                  + " complete.",
              Section10Clients::reset),
          rule(
              "10.10",
              "If no server listens, the client MUST report the error and exit with a code"
                  + " other than 0.",
              "connect(2) then fails with ECONNREFUSED. Without a message a user cannot tell"
                  + " a wrong port from an empty reply, and without an exit code a script cannot.",
              Section10Clients::refused));

  private static final int MUCH = 8 << 20;
  private static final int MUCH_MORE = 100_000;

  private Section10Clients() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, UPPER, Set.of(), check);
  }

  private static void sendsLines(TestContext context)
      throws Broken, IOException, InterruptedException {
    String lines = "hello wörld\n%s\nlast\n".formatted("long,".repeat(600));
    ClientUnderTest client = context.call();
    client.type(lines);
    try (Peer server = client.accept()) {
      server.expect(lines);
    }
  }

  private static void showsAtOnce(TestContext context)
      throws Broken, IOException, InterruptedException {
    ClientUnderTest client = context.call();
    for (String word : List.of("one", "two")) {
      client.type(word + "\n");
    }
    try (Peer server = client.accept()) {
      server.expect("one\ntwo\n");
      server.send("ONE\n");
      client.expectShown("ONE\n");
      server.send("TWO\n");
      client.expectShown("TWO\n");
    }
  }

  private static void showsBytes(TestContext context)
      throws Broken, IOException, InterruptedException {
    byte[] reply = new byte[256];
    for (int i = 0; i < reply.length; i++) {
      reply[i] = (byte) i;
    }
    ClientUnderTest client = context.call();
    client.type("x\n");
    try (Peer server = client.accept()) {
      server.expect("x\n");
      sendOneByOne(server, reply);
      sendOneByOne(server, "wörld 世界\n".getBytes(UTF_8));
      client.expectShown(reply);
      client.expectShown("wörld 世界\n");
    }
  }

  private static void sendOneByOne(Peer server, byte[] bytes) throws Broken {
    for (int i = 0; i < bytes.length; i++) {
      server.send(bytes, i, 1);
    }
  }

  private static void showsMore(TestContext context)
      throws Broken, IOException, InterruptedException {
    ClientUnderTest client = context.call();
    try (Peer server = client.accept()) {
      server.send("a greeting\n");
      client.expectShown("a greeting\n");
      client.type("x\n");
      server.expect("x\n");
      String reply = "X".repeat(MUCH_MORE) + "\n";
      server.send(reply);
      client.expectShown(reply);
    }
  }

  private static void halfCloses(TestContext context)
      throws Broken, IOException, InterruptedException {
    ClientUnderTest client = context.call();
    client.type("last words\n");
    client.endInput();
    try (Peer server = client.accept()) {
      server.expect("last words\n");
      server.expectFin(context.patience());
      server.send("LAST WORDS\n");
      server.finishSending();
      client.expectShown("LAST WORDS\n");
      client.expectSuccess();
    }
  }

  /** The server reads nothing until its own long greeting has been received. */
  private static void receivesWhileItSends(TestContext context)
      throws Broken, IOException, InterruptedException {
    byte[] lines =
        "the quick brown fox jumps over the lazy dog\n".repeat(MUCH / 44).getBytes(UTF_8);
    ClientUnderTest client = context.call();
    client.type(lines);
    client.endInput();
    try (Peer server = client.accept()) {
      server.sendWithin(context.patience(), lines);
      server.expectStream(Peer.BytePattern.of(lines), lines.length);
      server.expectFin(context.patience());
      server.finishSending();
      client.expectShown(lines);
      client.expectSuccess();
    }
  }

  private static void waits(TestContext context) throws Broken, IOException, InterruptedException {
    ClientUnderTest client = context.call();
    client.type("anybody there?\n");
    client.endInput();
    try (Peer server = client.accept()) {
      server.expect("anybody there?\n");
      client.expectPatience(context.time(IDLE));
      server.send("ANYBODY THERE?\n");
      server.finishSending();
      client.expectShown("ANYBODY THERE?\n");
      client.expectSuccess();
    }
  }

  private static void closedEarly(TestContext context)
      throws Broken, IOException, InterruptedException {
    ClientUnderTest client = context.call();
    client.type("hello\n");
    try (Peer server = client.accept()) {
      server.expect("hello\n");
    }
    client.expectErrorMessage();
  }

  private static void reset(TestContext context) throws Broken, IOException, InterruptedException {
    ClientUnderTest client = context.call();
    client.type("hello\n");
    try (Peer server = client.accept()) {
      server.expect("hello\n");
      server.reset();
    }
    client.expectErrorMessage();
  }

  private static void refused(TestContext context)
      throws Broken, IOException, InterruptedException {
    ClientUnderTest client = context.callWithoutServer();
    client.type("hello\n");
    client.endInput();
    client.expectErrorMessage();
  }
}
