package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLIENTS;
import static iomodels.conformance.Bound.CLOSES;
import static iomodels.conformance.Bound.DESCRIPTORS;
import static iomodels.conformance.Bound.NOISE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.program.Programs.CHAT;
import static java.util.stream.Collectors.joining;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.PausedProcess;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import iomodels.program.LineReader;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Section 13: the chat room. The kit plays all of its members. */
final class Section13Chat {

  static final List<Rule> ALL =
      List.of(
          rule(
              "13.01",
              "The program MUST send a newcomer the list of members, and announce the"
                  + " newcomer to all members.",
              "Members need the names of their readers. IRC sends a newcomer the list of"
                  + " names and the others a JOIN message (RFC 2812, section 3.2.1).",
              Section13Chat::enters),
          rule(
              "13.02",
              "The program MUST accept a line in any pieces, with or without a CR before its"
                  + " LF.",
              "A read may return half of a line, several lines, or half of a UTF-8 character."
                  + " A program that takes a read for a line sends fragments to all members.",
              Section13Chat::pieces),
          rule(
              "13.03",
              "The program MUST answer an invalid name, or one that is taken, with an error"
                  + " line, and then close the connection.",
              "Two members with the same name can speak for each other, and a name like \"*"
                  + " server\" forges the messages of the room. IRC has error replies for both"
                  + " cases (RFC 2812, section 3.1.2).",
              Section13Chat::names),
          rule(
              "13.04",
              "The program MUST send each line to all other members, in the same order to"
                  + " all.",
              "Members that see different orders see different conversations: an answer may"
                  + " appear before its question. Delivery by recursion, or by a thread for each"
                  + " line, changes the order without any error.",
              Section13Chat::says),
          rule(
              "13.05",
              "When a member leaves, the program MUST tell the others, whether the member"
                  + " closes or resets.",
              "After a crash a connection ends with RST or a time-out, not with FIN. A"
                  + " program that notices only the end of input keeps members that are gone, and"
                  + " their names stay taken.",
              Section13Chat::leaves),
          rule(
              "13.06",
              "The program MUST send a client that has finished sending everything that is"
                  + " pending for it, and then FIN.",
              "A script may send its name, its line and FIN at once. FIN ends one direction"
                  + " only (RFC 9293, section 3.6.1); a program that closes at once loses pending"
                  + " lines, and one that never closes leaks the connection.",
              Section13Chat::halfClosed),
          rule(
              "13.07",
              "The program MUST answer a line that is too long with an error line, and then"
                  + " close the connection.",
              "Without a limit, a client that never sends LF exhausts the memory; IRC limits"
                  + " a message to 512 characters (RFC 2812, section 2.3). A close without an error"
                  + " line looks like a network failure.",
              Section13Chat::babbles),
          rule(
              "13.08",
              "The program MUST keep the lines that a member has not read yet, while they fit"
                  + " into its outbox.",
              "Every client stops reading for moments, for example during a garbage"
                  + " collection or after a lost packet. A program that drops a member as soon as a"
                  + " write would block loses members that are healthy.",
              Section13Chat::keeps),
          rule(
              "13.09",
              "A member that does not read MUST NOT delay the others.",
              "A write that blocks, above all under the lock of the room, stops the whole room when"
                  + " one member's receive window is full. NATS disconnects slow consumers to"
                  + " protect the others (NATS documentation, \"Slow Consumers\").",
              Section13Chat::delaysNobody),
          rule(
              "13.10",
              "The program MUST disconnect a member whose outbox is full, and tell the others.",
              "Lines that are kept without a limit exhaust the memory, and lines that are"
                  + " dropped leave a gap that nobody notices. Redis disconnects subscribers that"
                  + " exceed client-output-buffer-limit.",
              Section13Chat::drops),
          rule(
              "13.11",
              "The program MUST support a room of a thousand members.",
              "A thread pool, a table or a select(2) set of fixed size works in every small test,"
                  + " and fails when the room fills. Each newcomer is announced to all others, so"
                  + " the work grows with the square of the members.",
              Section13Chat::holdsMany),
          new Rule(
              "13.12",
              MUST,
              "The program MUST leave nothing open, however a member leaves.",
              "Members close, reset, and are refused. If one of these paths forgets a socket, a"
                  + " room with much coming and going runs out of descriptors, and accept(2) fails"
                  + " with EMFILE.",
              CHAT,
              Set.of(Precondition.PROCESS),
              Scheduling.ALONE,
              Section13Chat::leavesNothing),
          rule("13.13", Shutdown.SENTENCE, Shutdown.WHY, Section13Chat::ends),
          rule(
              "13.14",
              "The program MUST remove a member that resets right after it has sent its name.",
              "The write of the welcome then fails for a client that is already a member. If"
                  + " that failure is handled like one before the entry, the member stays forever:"
                  + " its name is taken, and lines are queued for it.",
              Section13Chat::resetsAtOnce),
          new Rule(
              "13.15",
              MUST,
              "The program MUST remove all members that reset while another one speaks, and"
                  + " MUST stop when it is told to.",
              "One line then fails at hundreds of connections at once, and each failure has to be"
                  + " announced to the others. Programs that announce by recursion overflow the"
                  + " stack, and those with a bounded event queue lose departures or never stop.",
              CHAT,
              Set.of(),
              Scheduling.ALONE,
              Section13Chat::allReset),
          new Rule(
              "13.16",
              MUST,
              "The program MUST announce simultaneous events to all members in one order, and"
                  + " MUST keep each member that reads.",
              "After a pause, such as a garbage collection, a process finds many events at"
                  + " once. If one event is sent in the middle of another, members see different"
                  + " orders; if outboxes fill up before any of them is flushed, members that read"
                  + " are dropped.",
              CHAT,
              Set.of(Precondition.PROCESS, Precondition.PAUSE),
              Section13Chat::happensAtOnce),
          new Rule(
              "13.17",
              MUST,
              "After a burst of newcomers that leave at once, the program MUST answer the"
                  + " next one, and release all descriptors.",
              "Clients that reconnect in a loop cause such bursts. If departures are handled"
                  + " more slowly than clients arrive, or sockets are closed late, the next client"
                  + " waits, and descriptors run out.",
              CHAT,
              Set.of(Precondition.PROCESS),
              Scheduling.ALONE,
              Section13Chat::storm));

  private static final int WINDOW = 64 * 1024;
  private static final int LINES_EACH = 200;

  /** Fewer lines than fit into an outbox. */
  private static final int LINES_AT_ONCE = 16;

  /** The kernel is asked so rarely, since it lists all sockets of the machine each time. */
  private static final int ASK_EACH = 256 * 1024;

  private static final Pattern JOINED_OR_LEFT = Pattern.compile("\\* (\\S+) (joined|left)");
  private static final int SHOWN_LENGTH = 80;
  private static final int GHOSTS = 100;
  private static final int CROWD = 300;
  private static final int LISTENERS = 80;
  private static final int ROUNDS = 4;
  private static final int JOINS = 2_500;
  private static final int OPEN_AT_ONCE = 100;

  private static final long POLL_INTERVAL_MILLIS = 20;

  private Section13Chat() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, CHAT, Set.of(), check);
  }

  private static Instance room(TestContext context) throws IOException, InterruptedException {
    return context.program();
  }

  /** Connects a client that enters the room, whose members are {@code there}, in that order. */
  private static Peer member(TestContext context, Instance room, String name, String... there)
      throws Broken, IOException {
    return enter(context.connect(room), name, there);
  }

  private static Peer enter(Peer peer, String name, String... there) throws Broken {
    peer.send(name + "\n");
    String others = Stream.of(there).map(it -> " " + it).collect(joining());
    peer.expect("* you are %s; here:%s\n".formatted(name, others));
    return peer;
  }

  private static void enters(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer zoe = member(context, room, "zoe");
    Peer ann = member(context, room, "ann", "zoe");
    zoe.expect("* ann joined\n");
    Peer bob = member(context, room, "Bob_the-2nd", "zoe", "ann");
    zoe.expect("* Bob_the-2nd joined\n");
    ann.expect("* Bob_the-2nd joined\n");
    bob.expectSilence(context.time(SILENCE));
  }

  private static void pieces(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    Peer bob = context.connect(room);
    bob.send("b");
    bob.send("ob\r");
    bob.send("\nhello ");
    bob.expect("* you are bob; here: ann\n");
    ann.expect("* bob joined\n");
    ann.expectSilence(context.time(SILENCE));
    bob.send("there\r\n\ngood\nbye\n\u00e9");
    ann.expect("bob: hello there\nbob: \nbob: good\nbob: bye\n");
    bob.send("t\u00e9\n");
    ann.expect("bob: \u00e9t\u00e9\n");
  }

  private static void names(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    for (String name : List.of("", "a b", "x".repeat(17), "* server", "\u00e9t\u00e9")) {
      Peer peer = context.connect(room);
      peer.send(name + "\nhello\n");
      peer.expect("error a name has 1 to 16 letters, digits, - or _\n");
      peer.expectFin();
    }
    Peer other = context.connect(room);
    other.send("ann\nhello\n");
    other.expect("error ann is taken\n");
    other.expectFin();
    context.connect(room).finishSending();
    context.connect(room).reset();
    ann.expectSilence(context.time(SILENCE));
    member(context, room, "x".repeat(16), "ann");
    ann.expect("* %s joined\n".formatted("x".repeat(16)));
  }

  private static void says(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    Peer bob = member(context, room, "bob", "ann");
    ann.expect("* bob joined\n");
    Peer eve = member(context, room, "eve", "ann", "bob");
    ann.expect("* eve joined\n");
    bob.expect("* eve joined\n");
    Peer joe = member(context, room, "joe", "ann", "bob", "eve");
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
        throw new Broken("what %s said, in order".formatted(name), "eve received: " + told);
      }
      (name.equals("ann") ? bob : ann).expect(own);
    }
    ann.expectSilence(context.time(SILENCE));
  }

  private static String speech(String name) {
    return IntStream.range(0, LINES_EACH)
        .mapToObj(i -> "%s's line %d\n".formatted(name, i))
        .collect(joining());
  }

  private static void leaves(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    Peer bob = member(context, room, "bob", "ann");
    ann.expect("* bob joined\n");
    bob.close();
    ann.expect("* bob left\n");
    Peer again = member(context, room, "bob", "ann");
    ann.expect("* bob joined\n");
    again.send("half of a li");
    again.reset();
    ann.expect("* bob left\n");
    member(context, room, "eve", "ann");
    ann.expect("* eve joined\n");
  }

  private static void halfClosed(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    Peer bob = context.connect(room);
    bob.send("bob\nlast words\n");
    bob.finishSending();
    bob.expect("* you are bob; here: ann\n");
    bob.expectFin();
    ann.expect("* bob joined\nbob: last words\n* bob left\n");
  }

  private static void babbles(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    Peer bob = member(context, room, "bob", "ann");
    ann.expect("* bob joined\n");
    String longest = "x".repeat(LineReader.MAX_BYTES);
    bob.send(longest + "\r\n");
    ann.expect("bob: " + longest + "\n");
    bob.send("x" + longest + "\nand more\n");
    bob.expect("error line too long\n");
    bob.expectFin();
    ann.expect("* bob left\n");
    Peer nameless = context.connect(room);
    nameless.send("x" + longest);
    nameless.expect("error line too long\n");
    nameless.expectFin();
    ann.expectSilence(context.time(SILENCE));
  }

  private static void keeps(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    Peer slow = enter(context.connectWithWindow(room, WINDOW), "slow", "ann");
    ann.expect("* slow joined\n");
    String line = "y".repeat(LineReader.MAX_BYTES);
    int count = ProgramConfig.onLoopback(List.of()).outbox() * 3 / 4 / line.length();
    ann.send((line + "\n").repeat(count));
    slow.pauseUntilFull();
    slow.expect(("ann: " + line + "\n").repeat(count));
    slow.send("I was busy\n");
    ann.expect("slow: I was busy\n");
  }

  private static void delaysNobody(TestContext context)
      throws Broken, IOException, InterruptedException {
    withSlowMember(context, false);
  }

  private static void drops(TestContext context) throws Broken, IOException, InterruptedException {
    withSlowMember(context, true);
  }

  /** Checks a room in which one member speaks, one reads, and one does not read. */
  private static void withSlowMember(TestContext context, boolean toTheEnd)
      throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    Peer slow = enter(context.connectWithWindow(room, WINDOW), "slow", "ann");
    ann.expect("* slow joined\n");
    Peer bob = member(context, room, "bob", "ann", "slow");
    ann.expect("* bob joined\n");
    String said = "z".repeat(LineReader.MAX_BYTES);
    String heard = "ann: " + said;
    String dropped = "* slow was dropped: it does not read";
    int outbox = ProgramConfig.onLoopback(List.of()).outbox();
    long allowed = Kernel.buffers(2 * WINDOW) + 2L * outbox;
    boolean isDropped = false;
    long told = 0;
    long asked = 0;
    for (long owed = 0; owed < allowed; owed += (long) LINES_AT_ONCE * heard.length()) {
      ann.send((said + "\n").repeat(LINES_AT_ONCE));
      for (int i = 0; i < LINES_AT_ONCE; i++) {
        String line = bob.line();
        if (line.equals(dropped)) {
          isDropped = true;
          line = bob.line();
        }
        if (!line.equals(heard)) {
          throw new Broken("what ann said, at once", "bob received: " + line);
        }
        told += isDropped ? 0 : heard.length() + 1;
      }
      if (toTheEnd && !isDropped && told - asked > ASK_EACH) {
        asked = told;
        demandOutbox(slow, told, 2L * outbox);
      }
    }
    if (toTheEnd) {
      if (!isDropped && !bob.line().equals(dropped)) {
        throw new Broken(
            "a member with %,d pending bytes to be dropped".formatted(allowed),
            "it was not dropped, or the others were not told");
      }
      ann.expect(dropped + "\n");
      long kept = told - slow.drain();
      long least = outbox * 3L / 4; // The overhead of each line may count.
      if (kept < least) {
        throw new Broken(
            "an outbox of at least %,d bytes, besides the kernel's buffers".formatted(least),
            "it held %,d".formatted(kept));
      }
      ann.send("good\n");
      bob.expect("ann: good\n");
      member(context, room, "slow", "ann", "bob");
    }
  }

  /** Demands that the room holds at most so many of the bytes that it has told a member. */
  private static void demandOutbox(Peer member, long told, long most)
      throws Broken, InterruptedException {
    OptionalLong held = HeldBytes.confirmed(member, told, most);
    if (held.isPresent() && held.getAsLong() > most) {
      throw new Broken(
          "a member with %,d pending bytes to be dropped".formatted(most),
          "it was not dropped: %,d are not written".formatted(held.getAsLong()));
    }
  }

  private static void holdsMany(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    int count = context.count(CLIENTS);
    List<Peer> members = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Peer peer = context.connect(room);
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

  private static void ends(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    context.connect(room);
    Peer ann = member(context, room, "ann");
    Peer slow = enter(context.connectWithWindow(room, WINDOW), "slow", "ann");
    ann.expect("* slow joined\n");
    ann.send(("x".repeat(LineReader.MAX_BYTES) + "\n").repeat(LINES_AT_ONCE));
    slow.pauseUntilFull();
    Shutdown.demand(context, room);
  }

  /** The others learn that a member joined and left, or neither. */
  private static void resetsAtOnce(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    for (int i = 0; i < GHOSTS; i++) {
      Peer ghost = context.connect(room);
      ghost.send("ghost%d\n%s".formatted(i, i % 3 == 2 ? "boo\n" : ""));
      ghost.reset();
    }
    demandOnly(context, room, ann, "ann");
    demandFree(context, room, List.of("ghost0", "ghost%d".formatted(GHOSTS - 1)));
  }

  /**
   * Demands that soon no other member is in the room, and that the member {@code there} received,
   * for each of the others, that it joined and then that it left.
   */
  private static void demandOnly(TestContext context, Instance room, Peer there, String name)
      throws Broken, IOException, InterruptedException {
    String expected = "* you are last; here: " + name;
    Peer last = enterAgain(context, room, "last", expected::equals, "a room with only " + name);
    last.close();
    Set<String> inside = new HashSet<>();
    for (String line = there.line(); !line.equals("* last left"); line = there.line()) {
      Matcher event = JOINED_OR_LEFT.matcher(line);
      boolean inOrder =
          event.matches()
              ? event.group(2).equals("joined")
                  ? inside.add(event.group(1))
                  : inside.remove(event.group(1))
              : inside.contains(line.split(":", 2)[0]);
      if (!inOrder) {
        throw new Broken(
            "to receive, for each other member, that it joined and then that it left",
            "got " + line);
      }
    }
  }

  /** Demands that those names are free. */
  private static void demandFree(TestContext context, Instance room, List<String> names)
      throws Broken, IOException, InterruptedException {
    for (String each : names) {
      String expected = "* you are %s; here:".formatted(each);
      enterAgain(context, room, each, it -> it.startsWith(expected), "the name %s".formatted(each))
          .close();
    }
  }

  /** Tries to enter until the answer is right: other members may not have been removed yet. */
  private static Peer enterAgain(
      TestContext context, Instance room, String name, Predicate<String> isRight, String expected)
      throws Broken, IOException, InterruptedException {
    long deadline = System.nanoTime() + context.patience().toNanos();
    while (true) {
      Peer peer = context.connect(room);
      peer.send(name + "\n");
      String answer = peer.line();
      if (isRight.test(answer)) {
        return peer;
      }
      peer.close();
      if (System.nanoTime() - deadline > 0) {
        throw Broken.late(
            expected,
            "got %s after %,d ms".formatted(shortened(answer), context.patience().toMillis()));
      }
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
    }
  }

  private static String shortened(String line) {
    return line.length() <= SHOWN_LENGTH ? line : line.substring(0, SHOWN_LENGTH) + "…";
  }

  private static void allReset(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    OptionalLong before = room.errorBytes();
    Peer ann = member(context, room, "ann");
    List<Peer> members = crowd(context, room, CROWD);
    for (int i = 0; i < CROWD; i++) {
      demand("* m%d joined".formatted(i), ann.line());
    }
    for (Peer each : members) {
      ann.send("do not go\n");
      each.reset();
    }
    Set<String> gone = new HashSet<>();
    for (int i = 0; i < CROWD; i++) {
      String line;
      try {
        line = ann.line();
      } catch (Broken e) {
        throw e.at("%d of %d that reset have left".formatted(i, CROWD));
      }
      Matcher event = JOINED_OR_LEFT.matcher(line);
      if (!event.matches() || !event.group(2).equals("left") || !gone.add(event.group(1))) {
        throw new Broken(
            "to receive, once for each of %d members, that it left".formatted(CROWD),
            "got " + line);
      }
    }
    demandOnly(context, room, ann, "ann");
    demandFree(context, room, List.of("m0", "m%d".formatted(CROWD / 2)));
    Shutdown.demand(context, room);
    if (before.isPresent()) {
      OptionalLong after = room.errorBytes();
      if (after.isEmpty()) {
        throw new Inconclusive("its standard error can no longer be read");
      }
      long noise = after.getAsLong() - before.getAsLong();
      if (noise > context.count(NOISE)) {
        throw new Broken(
            "at most %,d bytes on its standard error".formatted(context.count(NOISE)),
            "there were %,d".formatted(noise));
      }
      context.note("sees %,d bytes on its standard error".formatted(noise));
    }
  }

  /** Adds members m0, m1, …, each of which has read its welcome and nothing else. */
  private static List<Peer> crowd(TestContext context, Instance room, int count)
      throws Broken, IOException {
    List<Peer> members = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Peer peer = context.connect(room);
      peer.send("m%d\n".formatted(i));
      String welcome = peer.line();
      if (!welcome.startsWith("* you are m%d; here:".formatted(i))) {
        throw new Broken("a welcome for m%d".formatted(i), "got " + welcome);
      }
      members.add(peer);
    }
    return members;
  }

  private static void happensAtOnce(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance room = context.programAlone(ProgramConfig.onLoopback(List.of()));
    List<Peer> members = crowd(context, room, LISTENERS);
    for (int i = 0; i < LISTENERS; i++) {
      for (int j = i + 1; j < LISTENERS; j++) {
        demand("* m%d joined".formatted(j), members.get(i).line());
      }
    }
    for (int round = 0; round < ROUNDS; round++) {
      inOneOrder(context, room, members, round);
    }
    droppingNobody(context, room, members);
  }

  /** While the process is paused, one client speaks, one resets, one finishes, and one enters. */
  private static void inOneOrder(TestContext context, Instance room, List<Peer> members, int round)
      throws Broken, IOException, InterruptedException {
    List<String> events = new ArrayList<>();
    List<Peer> leaving = new ArrayList<>();
    // Members between the others in the list of the room.
    for (String name : List.of("rst", "fin")) {
      Peer peer = context.connect(room);
      peer.send("%s%d\n".formatted(name, round));
      peer.line();
      leaving.add(peer);
      events.add("* %s%d left".formatted(name, round));
    }
    List<Peer> after = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Peer peer = context.connect(room);
      peer.send("after%d_%d\n".formatted(round, i));
      peer.line();
      after.add(peer);
    }
    demand("* after%d_1 joined".formatted(round), after.getFirst().line());
    for (Peer each : members) {
      for (String name : List.of("rst%d", "fin%d", "after%d_0", "after%d_1")) {
        demand("* %s joined".formatted(name.formatted(round)), each.line());
      }
    }
    Peer entering;
    try (PausedProcess _ = context.pause(room)) {
      members.getFirst().send("now %d\n".formatted(round));
      leaving.getFirst().reset();
      leaving.getLast().finishSending();
      entering = context.connect(room);
      entering.send("new%d\n".formatted(round));
    }
    events.add("m0: now %d".formatted(round));
    events.add("* new%d joined".formatted(round));
    List<Peer> others = new ArrayList<>(members.subList(1, members.size()));
    others.addAll(after);
    List<String> order = List.of();
    for (Peer each : others) {
      List<String> heard = new ArrayList<>();
      for (int i = 0; i < events.size(); i++) {
        heard.add(each.line());
      }
      if (!new HashSet<>(heard).equals(new HashSet<>(events))) {
        throw new Broken(
            "all members to receive, in some order, " + events, "one received " + heard);
      }
      if (!order.isEmpty() && !order.equals(heard)) {
        throw new Broken(
            "the same order of events for all members",
            "one received %s, and another %s".formatted(order, heard));
      }
      order = heard;
    }
    for (int i = 1; i < events.size(); i++) {
      members.getFirst().line();
    }
    for (Peer each : after) {
      each.close();
    }
    entering.close();
    Set<String> gone = new HashSet<>();
    for (String name : List.of("after%d_0", "after%d_1", "new%d")) {
      gone.add("* %s left".formatted(name.formatted(round)));
    }
    for (Peer each : members) {
      Set<String> heard = new HashSet<>();
      for (int i = 0; i < gone.size(); i++) {
        heard.add(each.line());
      }
      if (!heard.equals(gone)) {
        throw new Broken("all members to receive " + gone, "one received " + heard);
      }
    }
  }

  /**
   * Checks that no member is dropped after a pause: while the process is paused, all members send
   * more than one outbox holds, but less than the kernel buffers.
   */
  private static void droppingNobody(TestContext context, Instance room, List<Peer> members)
      throws Broken, IOException, InterruptedException {
    String said = "x".repeat(LineReader.MAX_BYTES - 1);
    int outbox = ProgramConfig.onLoopback(List.of()).outbox();
    int each = Math.ceilDiv(3 * outbox / 2, LISTENERS * LineReader.MAX_BYTES);
    try (PausedProcess _ = context.pause(room)) {
      for (Peer member : members) {
        member.send((said + "\n").repeat(each));
      }
    }
    for (int i = 0; i < LISTENERS; i++) {
      for (int j = 0; j < (LISTENERS - 1) * each; j++) {
        String line;
        try {
          line = members.get(i).line();
        } catch (Broken e) {
          throw e.at("m%d, which reads, after a pause of the process".formatted(i));
        }
        if (!line.endsWith(": " + said)) {
          throw new Broken("what the members said during a pause of the process", "got " + line);
        }
      }
    }
  }

  private static void storm(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    CostMeter meter = context.meter(room);
    Deque<Peer> open = new ArrayDeque<>();
    int allowed = meter.now().descriptors() + context.count(DESCRIPTORS);
    for (int i = 0; i < JOINS; i++) {
      Peer peer = context.connect(room);
      peer.send("s%d\n".formatted(i));
      open.add(peer);
      if (open.size() > OPEN_AT_ONCE) {
        open.remove().reset();
      }
    }
    for (Peer last : open) {
      last.reset();
    }
    try (Peer newcomer = context.connect(room)) {
      newcomer.send("newcomer\n");
      String welcome = newcomer.line();
      if (!welcome.startsWith("* you are newcomer; here:")) {
        throw new Broken("a welcome for a newcomer", "got " + welcome);
      }
    } catch (Broken e) {
      throw e.at("a newcomer after %,d others".formatted(JOINS));
    }
    long deadline = System.nanoTime() + context.patience().toNanos();
    int now = meter.now().descriptors();
    while (now > allowed && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
      now = meter.now().descriptors();
    }
    if (now > allowed) {
      throw Broken.late(
          "at most %,d descriptors after all clients have left".formatted(allowed),
          "there are %,d".formatted(now));
    }
  }

  private static void leavesNothing(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    ResourceLeaks.demandNone(
        context,
        List.of(room),
        context.count(CLOSES) / 4,
        () -> {
          member(context, room, "bob", "ann").reset();
          ann.expect("* bob joined\n* bob left\n");
          try (Peer bob = member(context, room, "bob", "ann")) {
            bob.finishSending();
            bob.expectFin();
          }
          ann.expect("* bob joined\n* bob left\n");
          try (Peer nameless = context.connect(room)) {
            nameless.send("\n");
            nameless.expect("error a name has 1 to 16 letters, digits, - or _\n");
            nameless.expectFin();
          }
          context.connect(room).reset();
        });
  }
}
