package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLIENTS;
import static iomodels.conformance.Bound.CLOSES;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.program.Programs.CHAT;
import static java.util.stream.Collectors.joining;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Need;
import iomodels.conformance.Trial;
import iomodels.conformance.targets.Instance;
import iomodels.program.LineReader;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Section 13: a room, whose members are the kit. */
final class ChatRules {

  static final List<Rule> ALL =
      List.of(
          rule("13.01", "Tell who enters who is there, and the others.", ChatRules::enters),
          rule("13.02", "Take a line in any pieces, with CR or without.", ChatRules::pieces),
          rule("13.03", "Refuse in words what is no name, or one that is taken.", ChatRules::names),
          rule("13.04", "Tell all others what one says, in the same order.", ChatRules::says),
          rule("13.05", "Tell the others who has left, in order or not.", ChatRules::leaves),
          rule("13.06", "Give who has finished what it is owed.", ChatRules::halfClosed),
          rule("13.07", "Refuse in words a line that is too long.", ChatRules::babbles),
          rule("13.08", "Keep what a member has not read yet.", ChatRules::keeps),
          rule("13.09", "Delay nobody for a member who does not read.", ChatRules::delaysNobody),
          rule("13.10", "Drop a member who does not read, with notice.", ChatRules::drops),
          rule("13.11", "Hold a room of a thousand.", ChatRules::holdsMany),
          new Rule(
              "13.12",
              MUST,
              "Leave nothing open, however a member leaves.",
              CHAT,
              Set.of(Need.ALONE, Need.PROCESS),
              ChatRules::leavesNothing),
          rule("13.13", Ending.SENTENCE, ChatRules::ends));

  private static final int WINDOW = 64 * 1024;
  private static final int LINES_EACH = 200;

  /** Fewer than an outbox holds. */
  private static final int LINES_AT_ONCE = 16;

  private ChatRules() {}

  private static Rule rule(String id, String sentence, Check check) {
    return new Rule(id, MUST, sentence, CHAT, Set.of(), check);
  }

  private static Instance room(Trial trial) throws IOException, InterruptedException {
    return trial.program();
  }

  /** Somebody who is in the room, in which those are already, in that order. */
  private static Peer member(Trial trial, Instance room, String name, String... there)
      throws Broken, IOException {
    return enter(trial.connect(room), name, there);
  }

  private static Peer enter(Peer peer, String name, String... there) throws Broken {
    peer.send(name + "\n");
    String others = Stream.of(there).map(it -> " " + it).collect(joining());
    peer.expect("* you are %s; here:%s\n".formatted(name, others));
    return peer;
  }

  private static void enters(Trial trial) throws Broken, IOException, InterruptedException {
    Instance room = room(trial);
    Peer zoe = member(trial, room, "zoe");
    Peer ann = member(trial, room, "ann", "zoe");
    zoe.expect("* ann joined\n");
    Peer bob = member(trial, room, "Bob_the-2nd", "zoe", "ann");
    zoe.expect("* Bob_the-2nd joined\n");
    ann.expect("* Bob_the-2nd joined\n");
    bob.expectSilence(trial.time(SILENCE));
  }

  private static void pieces(Trial trial) throws Broken, IOException, InterruptedException {
    Instance room = room(trial);
    Peer ann = member(trial, room, "ann");
    Peer bob = trial.connect(room);
    bob.send("b");
    bob.send("ob\r");
    bob.send("\nhello ");
    bob.expect("* you are bob; here: ann\n");
    ann.expect("* bob joined\n");
    ann.expectSilence(trial.time(SILENCE));
    bob.send("there\r\n\ngood\nbye\n\u00e9");
    ann.expect("bob: hello there\nbob: \nbob: good\nbob: bye\n");
    bob.send("t\u00e9\n");
    ann.expect("bob: \u00e9t\u00e9\n");
  }

  private static void names(Trial trial) throws Broken, IOException, InterruptedException {
    Instance room = room(trial);
    Peer ann = member(trial, room, "ann");
    for (String name : List.of("", "a b", "x".repeat(17), "* server", "\u00e9t\u00e9")) {
      Peer peer = trial.connect(room);
      peer.send(name + "\nhello\n");
      peer.expect("error a name has 1 to 16 letters, digits, - or _\n");
      peer.expectFin();
    }
    Peer other = trial.connect(room);
    other.send("ann\nhello\n");
    other.expect("error ann is taken\n");
    other.expectFin();
    trial.connect(room).finishSending();
    trial.connect(room).reset();
    ann.expectSilence(trial.time(SILENCE));
    member(trial, room, "x".repeat(16), "ann");
    ann.expect("* %s joined\n".formatted("x".repeat(16)));
  }

  private static void says(Trial trial) throws Broken, IOException, InterruptedException {
    Instance room = room(trial);
    Peer ann = member(trial, room, "ann");
    Peer bob = member(trial, room, "bob", "ann");
    ann.expect("* bob joined\n");
    Peer eve = member(trial, room, "eve", "ann", "bob");
    ann.expect("* eve joined\n");
    bob.expect("* eve joined\n");
    Peer joe = member(trial, room, "joe", "ann", "bob", "eve");
    List<Peer> before = List.of(ann, bob, eve);
    for (Peer each : before) {
      each.expect("* joe joined\n");
    }
    List<String> heard = new ArrayList<>();
    ann.whileSending(
        () -> ann.send(speech("ann")),
        () ->
            bob.whileSending(
                () -> bob.send(speech("bob")),
                () -> {
                  for (int i = 0; i < 2 * LINES_EACH; i++) {
                    heard.add(eve.line());
                  }
                }));
    for (String line : heard) {
      joe.expect(line + "\n");
    }
    for (String name : List.of("ann", "bob")) {
      String own = speech(name).lines().map(it -> name + ": " + it + "\n").collect(joining());
      String told =
          heard.stream()
              .filter(it -> it.startsWith(name + ":"))
              .map(it -> it + "\n")
              .collect(joining());
      if (!own.equals(told)) {
        throw new Broken("what %s said, in order".formatted(name), "it was: " + told);
      }
      (name.equals("ann") ? bob : ann).expect(own);
    }
    ann.expectSilence(trial.time(SILENCE));
  }

  private static String speech(String name) {
    return IntStream.range(0, LINES_EACH)
        .mapToObj(i -> "%s's line %d\n".formatted(name, i))
        .collect(joining());
  }

  private static void leaves(Trial trial) throws Broken, IOException, InterruptedException {
    Instance room = room(trial);
    Peer ann = member(trial, room, "ann");
    Peer bob = member(trial, room, "bob", "ann");
    ann.expect("* bob joined\n");
    bob.close();
    ann.expect("* bob left\n");
    Peer again = member(trial, room, "bob", "ann");
    ann.expect("* bob joined\n");
    again.send("half of a li");
    again.reset();
    ann.expect("* bob left\n");
    member(trial, room, "eve", "ann");
    ann.expect("* eve joined\n");
  }

  private static void halfClosed(Trial trial) throws Broken, IOException, InterruptedException {
    Instance room = room(trial);
    Peer ann = member(trial, room, "ann");
    Peer bob = trial.connect(room);
    bob.send("bob\nlast words\n");
    bob.finishSending();
    bob.expect("* you are bob; here: ann\n");
    bob.expectFin();
    ann.expect("* bob joined\nbob: last words\n* bob left\n");
  }

  private static void babbles(Trial trial) throws Broken, IOException, InterruptedException {
    Instance room = room(trial);
    Peer ann = member(trial, room, "ann");
    Peer bob = member(trial, room, "bob", "ann");
    ann.expect("* bob joined\n");
    String longest = "x".repeat(LineReader.MAX_BYTES);
    bob.send(longest + "\r\n");
    ann.expect("bob: " + longest + "\n");
    bob.send("x" + longest + "\nand more\n");
    bob.expect("error line too long\n");
    bob.expectFin();
    ann.expect("* bob left\n");
    Peer nameless = trial.connect(room);
    nameless.send("x" + longest);
    nameless.expect("error line too long\n");
    nameless.expectFin();
    ann.expectSilence(trial.time(SILENCE));
  }

  private static void keeps(Trial trial) throws Broken, IOException, InterruptedException {
    Instance room = room(trial);
    Peer ann = member(trial, room, "ann");
    Peer slow = enter(trial.connectWithWindow(room, WINDOW), "slow", "ann");
    ann.expect("* slow joined\n");
    String line = "y".repeat(LineReader.MAX_BYTES);
    int count = ProgramConfig.onLoopback(List.of()).outbox() * 3 / 4 / line.length();
    ann.send((line + "\n").repeat(count));
    slow.pauseUntilFull();
    slow.expect(("ann: " + line + "\n").repeat(count));
    slow.send("I was busy\n");
    ann.expect("slow: I was busy\n");
  }

  private static void delaysNobody(Trial trial) throws Broken, IOException, InterruptedException {
    withSlowMember(trial, false);
  }

  private static void drops(Trial trial) throws Broken, IOException, InterruptedException {
    withSlowMember(trial, true);
  }

  /** One speaks, one listens, and one does not read. */
  private static void withSlowMember(Trial trial, boolean toTheEnd)
      throws Broken, IOException, InterruptedException {
    Instance room = room(trial);
    Peer ann = member(trial, room, "ann");
    Peer slow = enter(trial.connectWithWindow(room, WINDOW), "slow", "ann");
    ann.expect("* slow joined\n");
    Peer bob = member(trial, room, "bob", "ann", "slow");
    ann.expect("* bob joined\n");
    String said = "z".repeat(LineReader.MAX_BYTES);
    String heard = "ann: " + said;
    String dropped = "* slow was dropped: it does not read";
    int outbox = ProgramConfig.onLoopback(List.of()).outbox();
    long allowed = Kernel.buffers(2 * WINDOW) + 2L * outbox;
    boolean isDropped = false;
    long told = 0;
    for (long owed = 0; owed < allowed; owed += (long) LINES_AT_ONCE * heard.length()) {
      ann.send((said + "\n").repeat(LINES_AT_ONCE));
      for (int i = 0; i < LINES_AT_ONCE; i++) {
        String line = bob.line();
        if (line.equals(dropped)) {
          isDropped = true;
          line = bob.line();
        }
        if (!line.equals(heard)) {
          throw new Broken("what ann said, at once", "bob heard: " + line);
        }
        told += isDropped ? 0 : heard.length() + 1;
      }
    }
    if (toTheEnd) {
      if (!isDropped && !bob.line().equals(dropped)) {
        throw new Broken(
            "a member to be dropped who is owed %,d bytes".formatted(allowed),
            "it was not, or nobody was told");
      }
      ann.expect(dropped + "\n");
      long kept = told - slow.drain();
      long least = outbox * 3L / 4; // What a line takes besides its bytes may count.
      if (kept < least) {
        throw new Broken(
            "%,d bytes to be kept that the kernel does not take".formatted(least),
            "there were %,d".formatted(kept));
      }
      ann.send("good\n");
      bob.expect("ann: good\n");
      member(trial, room, "slow", "ann", "bob");
    }
  }

  private static void holdsMany(Trial trial) throws Broken, IOException, InterruptedException {
    Instance room = room(trial);
    int count = trial.count(CLIENTS);
    List<Peer> members = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Peer peer = trial.connect(room);
      peer.send("m%d\n".formatted(i));
      String welcome = peer.line();
      String expected = "* you are m%d; here:".formatted(i);
      if (!welcome.startsWith(expected)
          || welcome.chars().filter(it -> it == ' ').count() != 4 + i) {
        throw new Broken("%s and %d names".formatted(expected, i), "got " + welcome);
      }
      members.add(peer);
    }
    members.getFirst().send("hello, all\n");
    for (int i = 1; i < count; i++) {
      for (int j = i + 1; j < count; j++) {
        demand("* m%d joined".formatted(j), members.get(i).line());
      }
      demand("m0: hello, all", members.get(i).line());
    }
  }

  private static void demand(String expected, String actual) throws Broken {
    if (!actual.equals(expected)) {
      throw new Broken(expected, "got " + actual);
    }
  }

  private static void ends(Trial trial) throws Broken, IOException, InterruptedException {
    Instance room = room(trial);
    trial.connect(room);
    Peer ann = member(trial, room, "ann");
    Peer slow = enter(trial.connectWithWindow(room, WINDOW), "slow", "ann");
    ann.expect("* slow joined\n");
    ann.send(("x".repeat(LineReader.MAX_BYTES) + "\n").repeat(LINES_AT_ONCE));
    slow.pauseUntilFull();
    Ending.demand(trial, room);
  }

  private static void leavesNothing(Trial trial) throws Broken, IOException, InterruptedException {
    Instance room = room(trial);
    Peer ann = member(trial, room, "ann");
    Leftovers.demandNone(
        trial,
        List.of(room),
        trial.count(CLOSES) / 4,
        () -> {
          member(trial, room, "bob", "ann").reset();
          ann.expect("* bob joined\n* bob left\n");
          try (Peer bob = member(trial, room, "bob", "ann")) {
            bob.finishSending();
            bob.expectFin();
          }
          ann.expect("* bob joined\n* bob left\n");
          try (Peer nameless = trial.connect(room)) {
            nameless.send("\n");
            nameless.expect("error a name has 1 to 16 letters, digits, - or _\n");
            nameless.expectFin();
          }
          trial.connect(room).reset();
        });
  }
}
