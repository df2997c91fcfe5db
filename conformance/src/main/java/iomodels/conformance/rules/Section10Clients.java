package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLIENT_IDLE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.conformance.Rule.Level.SHOULD;
import static iomodels.service.Services.UPPER;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Broken;
import iomodels.conformance.ClientUnderTest;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.TestContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

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
              ClientEndings::halfCloses),
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
              ClientEndings::waits),
          rule(
              "10.08",
              "If the server closes before it has answered, the client MUST report the error"
                  + " and exit with a code other than 0.",
              "When a server process ends, its client receives a FIN (Stevens, UNP vol. 1,"
                  + " section 5.12). A script that is told of success continues without the data.",
              ClientEndings::closedEarly),
          rule(
              "10.09",
              "If the server resets the connection, the client MUST report the error and exit"
                  + " with a code other than 0.",
              "After a reset a read fails with ECONNRESET, and data may be lost. A client"
                  + " that takes this for the end of the reply passes on a truncated reply as"
                  + " complete.",
              ClientEndings::reset),
          rule(
              "10.10",
              "If no server listens, the client MUST report the error and exit with a code"
                  + " other than 0.",
              "connect(2) then fails with ECONNREFUSED. Without a message a user cannot tell"
                  + " a wrong port from an empty reply, and without an exit code a script cannot.",
              ClientEndings::refused),
          new Rule(
              "10.11",
              SHOULD,
              "The client SHOULD send the bytes of a line unchanged: NUL, CR and invalid UTF-8"
                  + " included.",
              "A client that decodes its input and encodes it again replaces what its charset does"
                  + " not know (Javadoc of Charset), one that uses fgets(3) and strlen(3) loses"
                  + " what follows NUL.",
              UPPER,
              Set.of(),
              Section10Clients::sendsBytes),
          rule(
              "10.12",
              "The client MUST show everything, however slowly its output is read.",
              "A full pipe accepts only a part of a non-blocking write, or fails with EAGAIN"
                  + " (pipe(7)). Standard output may be non-blocking without the client's doing,"
                  + " since the flag belongs to the open file, which other processes share"
                  + " (fcntl(2)).",
              Section10Clients::showsToASlowReader));

  static final int MUCH = 8 << 20;
  static final int MUCH_MORE = 100_000;

  /** Longer than usual buffers. */
  private static final int LONG_LINE = 100_000;

  /** Longer than the kernel's buffers. */
  private static final int LONGEST_LINE = 10_000_000;

  /** More than a pipe holds, and less than the kernel's buffers of a connection. */
  private static final int IN_THE_KERNEL = 400_000;

  private static final int MANY_LINES = 2_000;

  /** Time for a client to show what has arrived, before more arrives. */
  private static final Duration BETWEEN_PARTS = Duration.ofMillis(30);

  private Section10Clients() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, UPPER, Set.of(), check);
  }

  private static void sendsLines(TestContext context)
      throws Broken, IOException, InterruptedException {
    ClientUnderTest client = context.call();
    ClientUnderTest blocked = context.call();
    client.type("hello wörld\n%s\nlast\n".formatted("long,".repeat(600)));
    try (Peer server = client.accept()) {
      String lines = "hello wörld\n%s\nlast\n".formatted("long,".repeat(600));
      server.expect(lines);
      // The input has not ended.
      server.expectSilence(context.time(SILENCE));
      answer(client, server, lines);
      StringBuilder many = new StringBuilder();
      for (int i = 0; i < MANY_LINES; i++) {
        many.append("line ").append(i).append('\n');
      }
      for (Sample each :
          List.of(
              Sample.text("an empty line", "\n"),
              Sample.text("a line with blanks around it", "  a  b \t\n"),
              Sample.text("a line of blanks", "   \n"),
              Sample.text("words that could be commands", "exit\nquit\nbye\nq\n.\n"),
              Sample.text("characters of two to four bytes", "ß\n世界\n\uD83D\uDE00\n"),
              Sample.text("conversions of printf", "%s%n %d\n"),
              Sample.text("lines that could be comments", "# one\n#\n// two\n; three\n"),
              Sample.text("a line of 100,000 bytes", "x".repeat(LONG_LINE) + "\n"),
              Sample.text("%,d lines at once".formatted(MANY_LINES), many.toString()))) {
        client.type(each.bytes());
        try {
          server.expect(each.bytes());
          answer(client, server, new String(each.bytes(), UTF_8));
        } catch (Broken e) {
          throw e.at(each.name());
        }
      }
      client.type("a line in ");
      client.type("two parts\n");
      server.expect("a line in two parts\n");
      answer(client, server, "a line in two parts\n");
      client.type("a last line without LF");
      client.endInput();
      server.expectLastLine("a last line without LF");
      finish(client, server, "A LAST LINE WITHOUT LF\n");
    }
    sendsWhatIsTakenInParts(blocked);
  }

  /** The kernel takes only a part of a line that the server does not read. */
  private static void sendsWhatIsTakenInParts(ClientUnderTest client)
      throws Broken, IOException, InterruptedException {
    byte[] line = new byte[LONGEST_LINE];
    Arrays.fill(line, (byte) 'x');
    line[LONGEST_LINE - 1] = '\n';
    client.type(line);
    client.type("next\n");
    client.endInput();
    try (Peer server = client.accept()) {
      server.pauseUntilFull();
      server.expectStream(Peer.BytePattern.of(line), line.length);
      server.expect("next\n");
      server.expectFin();
      finish(client, server, "a reply\n");
    } catch (Broken e) {
      throw e.at(
          "a line of %,d bytes, which the server begins to read late".formatted(LONGEST_LINE));
    }
  }

  static void answer(ClientUnderTest client, Peer server, String lines)
      throws Broken, InterruptedException {
    byte[] answer = Text.upper(lines.getBytes(UTF_8));
    server.send(answer);
    client.expectShown(answer);
  }

  /** Sends the last reply and FIN together, and demands that the client succeeds. */
  static void finish(ClientUnderTest client, Peer server, String reply)
      throws Broken, InterruptedException {
    server.whileSending(
        () -> {
          server.send(reply);
          server.finishSending();
        },
        () -> client.expectShown(reply));
    client.expectSuccess();
  }

  /** Ends the client's input, and then as {@link #finish}. */
  static void endAndFinish(ClientUnderTest client, Peer server, String reply)
      throws Broken, InterruptedException {
    client.endInput();
    server.expectFin();
    finish(client, server, reply);
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
      // As the services fixed and flood do.
      client.type("three\n");
      server.expect("three\n");
      server.send("a reply without LF");
      client.expectShown("a reply without LF");
      endAndFinish(client, server, "\n");
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
      for (String text : List.of("é\n", "世\n", "\uD83D\uDE00\n")) {
        byte[] bytes = text.getBytes(UTF_8);
        server.send(bytes, 0, 1);
        server.expectSilence(BETWEEN_PARTS);
        server.send(bytes, 1, bytes.length - 1);
        client.expectShown(bytes);
      }
      endAndFinish(client, server, "\0\r\nend");
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
      for (String more : List.of("a notice\n", "two\nnotices\n", "\n")) {
        server.send(more);
        client.expectShown(more);
      }
      endAndFinish(client, server, "a last reply without LF");
    }
  }

  /** The server reads nothing until its own long greeting has been received. */
  private static void receivesWhileItSends(TestContext context)
      throws Broken, IOException, InterruptedException {
    byte[] lines = Text.letters(context.random(), MUCH);
    for (int i = 43; i < lines.length; i += 44) {
      lines[i] = '\n';
    }
    lines[lines.length - 1] = '\n';
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

  private static void sendsBytes(TestContext context)
      throws Broken, IOException, InterruptedException {
    List<Sample> lines = new ArrayList<>(Sample.texts());
    lines.addAll(Sample.carriageReturns());
    lines.addAll(Sample.everyByte("x", "y"));
    lines.replaceAll(it -> it.with("\n"));
    ClientUnderTest client = context.call();
    client.type(Sample.joined(lines));
    client.endInput();
    try (Peer server = client.accept()) {
      Sample.expect(server, lines, "", it -> it);
      server.expectFin();
      byte[] answers = Text.upper(Sample.joined(lines));
      server.send(answers);
      server.finishSending();
      client.expectShown(answers);
      client.expectSuccess();
    }
  }

  private static void showsToASlowReader(TestContext context)
      throws Broken, IOException, InterruptedException {
    byte[] reply = Text.noise(context.random(), MUCH);
    reply[MUCH / 2] = '\n';
    ClientUnderTest late = context.call();
    late.holdOutput();
    late.type("x\n");
    late.endInput();
    try (Peer server = late.accept()) {
      server.expect("x\n");
      server.expectFin();
      server.sendStream(Peer.BytePattern.of(reply), IN_THE_KERNEL);
      server.finishSending();
      long start = System.nanoTime();
      readsWhileItSends(context, reply);
      Duration passed = Duration.ofNanos(System.nanoTime() - start);
      TimeUnit.NANOSECONDS.sleep(context.time(CLIENT_IDLE).minus(passed).toNanos());
      readsAfterFin(late, Arrays.copyOf(reply, IN_THE_KERNEL));
    }
  }

  /** The server has ended long ago, and most of its reply has not been read. */
  private static void readsAfterFin(ClientUnderTest client, byte[] reply)
      throws Broken, InterruptedException {
    client.resumeOutput();
    try {
      client.expectShown(reply);
      client.expectSuccess();
    } catch (Broken e) {
      throw e.at("a client whose output is read some seconds after the server's FIN");
    }
  }

  private static void readsWhileItSends(TestContext context, byte[] reply)
      throws Broken, IOException, InterruptedException {
    reads(context, reply, true);
    try {
      reads(context, reply, false);
    } catch (Broken e) {
      throw e.at("a client whose input ends while its output is not read");
    }
  }

  /**
   * The user reads nothing until the server cannot send any more.
   *
   * @param endsFirst whether the input ends before the reply, or while the client cannot show it
   */
  private static void reads(TestContext context, byte[] reply, boolean endsFirst)
      throws Broken, IOException, InterruptedException {
    ClientUnderTest client = context.call();
    client.holdOutput();
    client.type("x\n");
    if (endsFirst) {
      client.endInput();
    }
    try (Peer server = client.accept()) {
      server.expect("x\n");
      if (endsFirst) {
        server.expectFin();
      }
      Peer.BytePattern stream = Peer.BytePattern.of(reply);
      long sent = server.sendUntilFull(stream, reply.length);
      if (!endsFirst) {
        client.type("y\n");
        client.endInput();
        server.pause(BETWEEN_PARTS);
      }
      client.resumeOutput();
      server.whileSending(
          () -> server.sendStream(stream.from(sent), reply.length - sent),
          () -> client.expectShown(reply));
      if (!endsFirst) {
        server.expect("y\n");
        server.expectFin();
        server.send("Y\n");
      }
      server.finishSending();
      client.expectShown(endsFirst ? "" : "Y\n");
      client.expectSuccess();
    }
  }
}
