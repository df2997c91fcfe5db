package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLIENTS;
import static iomodels.conformance.Bound.DESCRIPTORS;
import static iomodels.conformance.rules.Section13Chat.MALFORMED;
import static iomodels.conformance.rules.Section13Chat.demand;
import static iomodels.conformance.rules.Section13Chat.hearUntil;
import static iomodels.conformance.rules.Section13Chat.member;
import static iomodels.conformance.rules.Section13Chat.room;
import static java.util.stream.Collectors.joining;

import iomodels.conformance.Broken;
import iomodels.conformance.PausedProcess;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import iomodels.program.LineReader;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
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

/** Many clients of a chat room that enter, speak or reset at the same time. */
final class ChatCrowds {

  private static final Pattern JOINED_OR_LEFT = Pattern.compile("\\* (\\S+) (joined|left)");

  /** The number of members that enter at the same time. */
  private static final int BURST = 50;

  /** What m1 receives in a round: lines, departures and entries. */
  private static final int EVENTS_AT_ONCE = 3 * 2 + 2 + 2 * 2 + 2 + 2 + 2 + 3;

  private static final int GHOSTS = 100;
  private static final int CROWD = ErrorOutput.RESETS;
  private static final int LISTENERS = 80;
  private static final int ROUNDS = 4;
  private static final int JOINS = 2_500;
  private static final int OPEN_AT_ONCE = 100;
  private static final long POLL_INTERVAL_MILLIS = 20;

  private ChatCrowds() {}

  /** Rule 13.11. */
  static void holdsMany(TestContext context) throws Broken, IOException, InterruptedException {
    Crowd crowd = new Crowd(context, room(context), "m0");
    crowd.growTo(context.count(CLIENTS), BURST);
    List<Peer> members = crowd.members();
    for (int speaker : List.of(0, members.size() - 1)) {
      members.get(speaker).send("hello, all\n");
      for (int i = 0; i < members.size(); i++) {
        if (i != speaker) {
          // The last one to enter has the last name, since it enters alone.
          members.get(i).expect("m%d: hello, all\n".formatted(speaker));
        }
      }
    }
  }

  /** Rule 13.14. The others learn that a member joined and left, or neither. */
  static void resetsAtOnce(TestContext context) throws Broken, IOException, InterruptedException {
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
            "got %s after %,d ms"
                .formatted(RoomHistory.shown(answer), context.patience().toMillis()));
      }
      TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
    }
  }

  /** Rule 13.15. */
  static void allReset(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    ErrorOutput output = ErrorOutput.from(room);
    Crowd crowd = new Crowd(context, room, "ann");
    crowd.growTo(1 + CROWD, BURST);
    Peer ann = crowd.members().getFirst();
    for (Peer each : crowd.members().subList(1, 1 + CROWD)) {
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
    demandFree(context, room, List.of("m1", "m%d".formatted(CROWD / 2)));
    Shutdown.demand(context, room);
    output.demandLittle(context);
  }

  /** Adds members m0, m1, …, each of which has read all that it was told. */
  private static List<Peer> listeners(TestContext context, Instance room)
      throws Broken, IOException {
    List<Peer> members = new ArrayList<>();
    for (int i = 0; i < LISTENERS; i++) {
      Peer peer = newcomer(context, room, "m" + i);
      String welcome = peer.line();
      if (!welcome.startsWith("* you are m%d; here:".formatted(i))) {
        throw new Broken("a welcome for m%d".formatted(i), "got " + welcome);
      }
      members.add(peer);
    }
    for (int i = 0; i < LISTENERS; i++) {
      String others =
          IntStream.range(i + 1, LISTENERS)
              .mapToObj("* m%d joined\n"::formatted)
              .collect(joining());
      members.get(i).expect(others);
    }
    return members;
  }

  /** Rule 13.16. */
  static void happensAtOnce(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = context.programAlone(ProgramConfig.onLoopback(List.of()));
    List<Peer> members = listeners(context, room);
    for (int round = 0; round < ROUNDS; round++) {
      inOneOrder(context, room, members, round);
    }
    droppingNobody(context, room, members);
  }

  /** Adds a client, which sends its name. */
  private static Peer newcomer(TestContext context, Instance room, String name)
      throws Broken, IOException {
    Peer peer = context.connect(room);
    peer.send(name + "\n");
    return peer;
  }

  /**
   * While the process is paused, members speak, finish and reset, and others enter, in a random
   * order. Then all members must have received the same, as m1 has, which says nothing.
   */
  private static void inOneOrder(TestContext context, Instance room, List<Peer> members, int round)
      throws Broken, IOException, InterruptedException {
    List<String> before =
        new ArrayList<>(IntStream.range(0, LISTENERS).mapToObj(i -> "m" + i).toList());
    // Members between the others in the list of the room, and members after them.
    List<Peer> some = new ArrayList<>();
    for (String name : List.of("rst1-", "fin1-", "after1-", "long-", "rst2-", "fin2-", "after2-")) {
      Peer peer = newcomer(context, room, name + round);
      peer.line();
      for (Peer each : some) {
        demand("* %s joined".formatted(name + round), each.line());
      }
      for (Peer each : members) {
        demand("* %s joined".formatted(name + round), each.line());
      }
      some.add(peer);
      before.add(name + round);
    }
    List<Peer> entering = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      entering.add(context.connect(room));
    }
    List<Peer.Step> steps = new ArrayList<>();
    for (int i : List.of(0, 2, LISTENERS - 1)) {
      steps.add(() -> members.get(i).send("now\nand then\n"));
    }
    for (Peer each : List.of(some.get(0), some.get(4))) {
      steps.add(() -> reset(each));
    }
    for (Peer each : List.of(some.get(1), some.get(5))) {
      steps.add(
          () -> {
            each.send("bye\n");
            each.finishSending();
          });
    }
    steps.add(() -> some.get(3).send("so long\n" + "x".repeat(LineReader.MAX_BYTES + 1) + "\n"));
    for (int i = 0; i < 2; i++) {
      String name = "new%d-%d\n".formatted(i, round);
      Peer peer = entering.get(i);
      steps.add(() -> peer.send(name));
    }
    for (Peer each : entering.subList(2, 5)) {
      steps.add(() -> each.send("same-%d\nit is me\n".formatted(round)));
    }
    steps.add(
        () -> {
          entering.get(5).send("short-%d\nhello\n".formatted(round));
          entering.get(5).finishSending();
        });
    steps.add(() -> entering.get(6).send("no name\nhello\n"));
    Collections.shuffle(steps, context.random());
    try (PausedProcess _ = context.pause(room)) {
      for (Peer.Step each : steps) {
        each.run();
      }
    }
    demand(MALFORMED.strip(), entering.get(6).line());
    List<String> events = new ArrayList<>();
    for (int i = 0; i < EVENTS_AT_ONCE; i++) {
      events.add(members.get(1).line());
    }
    RoomHistory history = new RoomHistory(before, "m1", events);
    String end = "end of round %d".formatted(round);
    members.get(1).send(end + "\n");
    demandOneOrder(history, members, some, entering, round, "m1: " + end);
    for (Peer each : Stream.concat(some.stream(), entering.stream()).toList()) {
      each.close();
    }
    Set<String> gone = new HashSet<>();
    for (String name : history.membersAtEnd()) {
      if (name.endsWith("-" + round)) {
        gone.add("* %s left".formatted(name));
      }
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

  private static void demandOneOrder(
      RoomHistory history,
      List<Peer> members,
      List<Peer> some,
      List<Peer> entering,
      int round,
      String end)
      throws Broken {
    for (int i = 0; i < LISTENERS; i++) {
      if (i != 1) {
        history.demandSame("m" + i, heardUntil(members.get(i), end), true);
      }
    }
    history.demandSame("after1-" + round, heardUntil(some.get(2), end), true);
    history.demandSame("after2-" + round, heardUntil(some.get(6), end), true);
    history.demandSame("fin1-" + round, heardUntil(some.get(1), end), false);
    history.demandSame("fin2-" + round, heardUntil(some.get(5), end), false);
    List<String> tooLong = heardUntil(some.get(3), end);
    // Others may leave between the error line and the end of the membership.
    if (!tooLong.remove("error line too long")) {
      demand("error line too long", tooLong.isEmpty() ? "nothing" : tooLong.getLast());
    }
    history.demandSame("long-" + round, tooLong, false);
    for (int i = 0; i < 2; i++) {
      history.demandSameSinceEntry(
          "new%d-%d".formatted(i, round), heardUntil(entering.get(i), end), true);
    }
    int admitted = 0;
    for (Peer each : entering.subList(2, 5)) {
      List<String> heard = heardUntil(each, end);
      if (!heard.equals(List.of("error same-%d is taken".formatted(round)))) {
        history.demandSameSinceEntry("same-" + round, heard, true);
        admitted++;
      }
    }
    if (admitted != 1) {
      throw new Broken("one member of each name", "%d were admitted".formatted(admitted));
    }
    history.demandSameSinceEntry("short-" + round, heardUntil(entering.get(5), end), false);
  }

  private static List<String> heardUntil(Peer peer, String end) throws Broken {
    List<String> lines = new ArrayList<>();
    hearUntil(peer, end, lines);
    return lines;
  }

  private static void reset(Peer peer) throws Broken {
    try {
      peer.reset();
    } catch (IOException e) {
      throw new Broken("a connection that can be reset", String.valueOf(e.getMessage()));
    }
  }

  /**
   * Checks that no member is dropped after a pause: while the process is paused, all members send
   * more than one outbox holds, but less than the kernel buffers.
   */
  private static void droppingNobody(TestContext context, Instance room, List<Peer> members)
      throws Broken, IOException, InterruptedException {
    String said = "x".repeat(LineReader.MAX_BYTES - 1);
    String ending = ": " + said;
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
        if (!line.endsWith(ending)) {
          throw new Broken("what the members said during a pause of the process", "got " + line);
        }
      }
    }
  }

  /** Rule 13.17. */
  static void storm(TestContext context) throws Broken, IOException, InterruptedException {
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
    ResourceLeaks.awaitAtMost(
        allowed,
        "descriptors",
        () -> OptionalLong.of(meter.now().descriptors()),
        context.patience());
  }
}
