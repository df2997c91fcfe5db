package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLIENTS;
import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.CLOSES;
import static iomodels.conformance.Bound.DESCRIPTORS;
import static iomodels.conformance.Bound.IDLE;
import static iomodels.conformance.Bound.NOISE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.program.Programs.CHAT;
import static java.nio.charset.StandardCharsets.UTF_8;
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
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
              Section13Chat::storm),
          rule(
              "13.18",
              "The program MUST send the text of each complete line unchanged, with U+FFFD in place"
                  + " of malformed UTF-8, and MUST NOT send a line whose LF is missing.",
              "Programs trim lines, split them at other line ends, cut them at NUL, or take words"
                  + " for commands. A line that contains a formatting directive must not be used as"
                  + " a format (CWE-134). A text without its LF may be the half of one.",
              Section13Chat::texts),
          rule(
              "13.19",
              "A client that has not sent its name MUST NOT appear in a list, receive lines, or"
                  + " delay others, however many such clients there are.",
              "Port scans and health checks connect and send nothing. A program that waits for the"
                  + " name in its accept loop stops for all others, and one that lists the"
                  + " connection at once lists members without a name.",
              Section13Chat::nameless),
          rule(
              "13.20",
              "The program MUST NOT end a conversation because a client is silent.",
              "Most members of a room only read. A timeout for input, such as SO_RCVTIMEO"
                  + " (socket(7)), removes them, and TCP itself has no such limit (RFC 9293,"
                  + " section 3.8.4).",
              Section13Chat::silent));

  private static final String MALFORMED = "error a name has 1 to 16 letters, digits, - or _\n";
  private static final String THE_END = "ann: the end";
  private static final int WINDOW = 64 * 1024;
  private static final int LINES_EACH = 200;

  /** Fewer lines than fit into an outbox. */
  private static final int LINES_AT_ONCE = 16;

  private static final Pattern JOINED_OR_LEFT = Pattern.compile("\\* (\\S+) (joined|left)");
  private static final int SHOWN_LENGTH = 80;

  /** How much of the equal part of two lines is shown. */
  private static final int SAME_SHOWN = 20;

  private static final int ENTRIES = 24;

  /** The maximum length of a piece of a line. */
  private static final int MAX_PIECE = 400;

  private static final int ASKED_AT_ONCE = 64;
  private static final int SAME_NAMES = 8;
  private static final int SPEAKERS = 12;
  private static final int SPEECH = 24;
  private static final int NEWCOMERS = 6;
  private static final int MUCH = 100_000;

  /** Short lines that fit into every outbox, with what the program needs to store each. */
  private static final int SHORT_LINES = 80;

  private static final int SHORT_LINE = 10;
  private static final int OVERHEAD = 100;

  /** While so many members have entered, those before them do not read. */
  private static final int UNREAD = 50;

  private static final int DROPPED = 4;
  private static final int NAMELESS = 100;
  private static final int LITTLE_WINDOW = 8 * 1024;
  private static final int READ_IN_VAIN = 8;

  /** Larger buffers of the kernel are not filled to see what the program does then. */
  private static final int MOST_BUFFERED = 384 * 1024;

  private static final int STEADY_ROUNDS = 16;

  /** So often the kernel is not asked how much of what was said it holds. */
  private static final int RARELY = 16;

  /** After so many further lines, a program must have noticed that a member does not read. */
  private static final int NOTICED_AFTER = 30;

  /** What m1 receives in a round: lines, departures and entries. */
  private static final int EVENTS_AT_ONCE = 3 * 2 + 2 + 2 * 2 + 2 + 2 + 2 + 3;

  /** A member that reads within this time has not waited. */
  private static final Duration AT_ONCE = Duration.ofMillis(300);

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
    bob.close();
    zoe.expect("* Bob_the-2nd left\n");
    ann.close();
    zoe.expect("* ann left\n");
    inOrderOfEntry(context, room, zoe);
  }

  /** Members enter, leave, and enter again; the list has each once, in the order of entry. */
  private static void inOrderOfEntry(TestContext context, Instance room, Peer zoe)
      throws Broken, IOException {
    List<String> inside = new ArrayList<>(List.of("zoe"));
    List<Peer> peers = new ArrayList<>();
    Deque<String> gone = new ArrayDeque<>();
    for (int i = 0; i < ENTRIES; i++) {
      if (i % 3 == 2) {
        int index = context.random().nextInt(1, inside.size());
        String name = inside.remove(index);
        end(peers.remove(index - 1), i);
        zoe.expect("* %s left\n".formatted(name));
        gone.add(name);
      } else {
        String name =
            i % 4 == 0 && !gone.isEmpty()
                ? gone.remove()
                : "%c%d".formatted(context.random().nextInt('a', 'z' + 1), i);
        peers.add(member(context, room, name, inside.toArray(String[]::new)));
        zoe.expect("* %s joined\n".formatted(name));
        inside.add(name);
      }
    }
  }

  private static void end(Peer peer, int i) throws Broken, IOException {
    switch (i % 4) {
      case 0 -> peer.reset();
      case 1 -> peer.close();
      default -> peer.finishSending();
    }
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
    Peer eve = context.connect(room);
    eve.send("eve\nfirst\r\nsecond\nI ");
    eve.expect("* you are eve; here: ann bob\n");
    ann.expect("* eve joined\neve: first\neve: second\n");
    bob.expect("* eve joined\neve: first\neve: second\n");
    try {
      alternates(ann, bob, eve);
    } catch (Broken e) {
      throw e.at("two members whose pieces alternate");
    }
  }

  /** Eve sends the beginning of a line, and then bob's pieces alternate with hers. */
  private static void alternates(Peer ann, Peer bob, Peer eve) throws Broken {
    bob.send("you ");
    eve.send("am eve\n");
    ann.expect("eve: I am eve\n");
    bob.send("are bob\n");
    ann.expect("bob: you are bob\n");
    byte[] smile = "h\u00e9 \ud83d\ude00\r\n".getBytes(UTF_8);
    for (int i = 0; i < smile.length; i++) {
      bob.send(smile, i, 1);
      if (i < smile.length - 1) {
        eve.send(i + "\n"); // By the time ann receives it, bob's byte has been read, too.
        ann.expect("eve: %d\n".formatted(i));
      }
    }
    ann.expect("bob: h\u00e9 \ud83d\ude00\n");
  }

  /** Sends every byte value, and what programs often take for something else than text. */
  private static void texts(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    Peer bob = member(context, room, "bob", "ann");
    ann.expect("* bob joined\n");
    List<byte[]> lines = ChatTexts.lines();
    byte[] all = ChatTexts.joined(lines);
    for (int from = 0; from < all.length; ) {
      int to = Math.min(all.length, from + context.random().nextInt(1, MAX_PIECE));
      bob.sendUnlessReset(Arrays.copyOfRange(all, from, to)); // Otherwise ann receives the reason.
      from = to;
    }
    for (byte[] each : lines) {
      String sent = ChatTexts.shown(each);
      byte[] got = ann.lineBytes();
      String text = new String(got, UTF_8);
      if (!Arrays.equals(text.getBytes(UTF_8), got)) {
        throw new Broken(
            "U+FFFD in place of malformed UTF-8, for the line %s of bob".formatted(sent),
            "ann received malformed UTF-8: " + ChatTexts.shown(got));
      }
      if (!ChatTexts.collapsed(text).equals("bob: " + ChatTexts.received(each))) {
        throw new Broken(
            "the text of the line %s of bob to be sent unchanged".formatted(sent),
            "ann received " + ChatTexts.shown(got));
      }
    }
    bob.send("complete\nnot compl");
    bob.finishSending();
    bob.expectFin();
    Peer eve = member(context, room, "eve", "ann");
    try {
      ann.expect("bob: complete\n* bob left\n* eve joined\n");
    } catch (Broken e) {
      throw e.at("after a line, and a part of a line before FIN");
    }
    eve.send("hello\n");
    ann.expect("eve: hello\n");
  }

  private static void names(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    Peer bob = member(context, room, "bob", "ann");
    ann.expect("* bob joined\n");
    refuses(context, room, ChatTexts.invalidNames(), MALFORMED);
    List<byte[]> taken = List.of("ann".getBytes(UTF_8), "bob\r".getBytes(UTF_8));
    refuses(context, room, taken.subList(0, 1), "error ann is taken\n");
    refuses(context, room, taken.subList(1, 2), "error bob is taken\n");
    for (String cutOff : List.of("", "eve", "ann", "eve\r")) {
      Peer peer = context.connect(room);
      peer.send(cutOff);
      peer.finishSending();
      try {
        peer.expectFin();
      } catch (Broken e) {
        throw e.at("a name without LF, before FIN");
      }
    }
    context.connect(room).reset();
    ann.expectSilence(context.time(SILENCE));
    bob.send("I heard nothing\n");
    ann.expect("bob: I heard nothing\n");
    ann.send("neither did I\n");
    bob.expect("ann: neither did I\n");
    List<String> inside = new ArrayList<>(List.of("ann", "bob"));
    for (String name : ChatTexts.validNames()) {
      try {
        member(context, room, name, inside.toArray(String[]::new));
      } catch (Broken e) {
        throw e.at("the name " + name);
      }
      ann.expect("* %s joined\n".formatted(name));
      inside.add(name);
    }
    oneOfEachName(context);
  }

  /** Demands that these first lines are refused, and that nothing after them is heard. */
  private static void refuses(TestContext context, Instance room, List<byte[]> names, String error)
      throws Broken, IOException {
    for (int from = 0; from < names.size(); from += ASKED_AT_ONCE) {
      List<byte[]> some = names.subList(from, Math.min(from + ASKED_AT_ONCE, names.size()));
      List<Peer> peers = new ArrayList<>();
      for (byte[] each : some) {
        Peer peer = context.connect(room);
        peer.send(ChatTexts.joined(List.of(each, "hello".getBytes(UTF_8))));
        peers.add(peer);
      }
      for (int i = 0; i < some.size(); i++) {
        try {
          peers.get(i).expect(error);
          peers.get(i).expectFin();
        } catch (Broken e) {
          throw e.at("the name " + ChatTexts.shown(some.get(i)));
        }
        peers.get(i).close();
      }
    }
  }

  /** Of clients that ask for the same name at the same time, one is admitted. */
  private static void oneOfEachName(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    for (int i = 0; i < SAME_NAMES; i++) {
      String name = "n%d".formatted(i);
      List<Peer> all = new ArrayList<>();
      for (int j = 0; j < ASKED_AT_ONCE / 4; j++) {
        all.add(context.connect(room));
      }
      for (Peer each : all) {
        each.send(name + "\n");
      }
      List<Peer> admitted = new ArrayList<>();
      for (Peer each : all) {
        String answer = each.line();
        if (answer.startsWith("* you are ")) {
          admitted.add(each);
        } else {
          demand("error %s is taken".formatted(name), answer);
          each.expectFin();
          each.close();
        }
      }
      if (admitted.size() != 1) {
        throw new Broken(
            "one of %d clients that ask for the same name to be admitted".formatted(all.size()),
            "%d were".formatted(admitted.size()));
      }
      ann.expect("* %s joined\n".formatted(name));
      // Another client asks for it while the member is about to leave.
      Peer next = context.connect(room);
      admitted.getFirst().finishSending();
      next.send(name + "\n");
      String answer = next.line();
      ann.expect("* %s left\n".formatted(name));
      if (answer.startsWith("error")) {
        demand("error %s is taken".formatted(name), answer);
        next.expectFin();
        next = member(context, room, name, "ann");
      } else {
        demand("* you are %s; here: ann".formatted(name), answer);
      }
      ann.expect("* %s joined\n".formatted(name));
      next.close();
      ann.expect("* %s left\n".formatted(name));
    }
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
      String other = joe.line();
      if (!other.equals(line)) {
        throw new Broken(
            RoomHistory.ONE_ORDER, "eve received %s, and joe received %s".formatted(line, other));
      }
    }
    for (String name : List.of("ann", "bob")) {
      String own = speech(name).lines().map(it -> name + ": " + it + "\n").collect(joining());
      String told =
          heard.stream()
              .filter(it -> it.startsWith(name + ":"))
              .map(it -> it + "\n")
              .collect(joining());
      if (!own.equals(told)) {
        int index = firstDifference(told.lines().toList(), own.lines().toList());
        throw new Broken(
            "what %s said, in order".formatted(name),
            "eve received in place of line %d: %s"
                .formatted(index, told.lines().skip(index - 1).findFirst().orElse("nothing")));
      }
      (name.equals("ann") ? bob : ann).expect(own);
    }
    ann.expectSilence(context.time(SILENCE));
    inOneOrder(context);
  }

  /**
   * Many members speak at the same time, in pieces; meanwhile half of them finish, and others
   * enter. All receive the same events, as ann does, and each line whole.
   */
  private static void inOneOrder(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    List<Peer> speakers = new ArrayList<>();
    List<List<String>> received = new ArrayList<>();
    for (int i = 0; i < SPEAKERS; i++) {
      Peer peer = context.connect(room);
      peer.send("s%d\n".formatted(i));
      speakers.add(peer);
      received.add(new ArrayList<>(List.of(peer.line())));
    }
    List<List<String>> speeches = Stream.generate(() -> speech(context)).limit(SPEAKERS).toList();
    List<Peer> newcomers = new ArrayList<>();
    for (int i = 0; i < NEWCOMERS; i++) {
      newcomers.add(context.connect(room));
      received.add(new ArrayList<>());
    }
    int finishing = SPEAKERS / 2;
    List<String> heard = new ArrayList<>();
    List<Future<?>> running = new ArrayList<>();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < SPEAKERS; i++) {
        Peer peer = speakers.get(i);
        List<String> lines = received.get(i);
        List<byte[]> pieces = inPieces(context, speeches.get(i));
        boolean finishes = i < finishing;
        running.add(
            executor.submit(
                () -> {
                  for (byte[] each : pieces) {
                    peer.send(each);
                  }
                  if (finishes) {
                    peer.finishSending();
                  }
                  return null;
                }));
        running.add(executor.submit(() -> hearUntil(peer, THE_END, lines)));
      }
      for (int i = 0; i < NEWCOMERS; i++) {
        Peer peer = newcomers.get(i);
        List<String> lines = received.get(SPEAKERS + i);
        peer.send("n%d\n".formatted(i));
        running.add(executor.submit(() -> hearUntil(peer, THE_END, lines)));
      }
      int events = SPEAKERS * (1 + SPEECH) + finishing + NEWCOMERS;
      for (int i = 0; i < events; i++) {
        heard.add(ann.line());
      }
      ann.send("the end\n");
      for (Future<?> each : running) {
        await(each);
      }
    }
    RoomHistory history = new RoomHistory(List.of("ann"), "ann", heard);
    for (int i = 0; i < SPEAKERS; i++) {
      String name = "s%d: ".formatted(i);
      List<String> told =
          heard.stream()
              .filter(it -> it.startsWith(name))
              .map(it -> it.substring(name.length()))
              .toList();
      if (!told.equals(speeches.get(i))) {
        throw new Broken(
            "the %d lines that a member said, whole and in order".formatted(SPEECH),
            "ann received %d, the first wrong one being number %d"
                .formatted(told.size(), firstDifference(told, speeches.get(i))));
      }
      history.demandSameSinceEntry("s%d".formatted(i), received.get(i), i >= finishing);
    }
    for (int i = 0; i < NEWCOMERS; i++) {
      history.demandSameSinceEntry("n%d".formatted(i), received.get(SPEAKERS + i), true);
    }
  }

  private static void await(Future<?> each) throws Broken, InterruptedException {
    try {
      each.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Broken broken) {
        throw broken;
      }
      throw new IllegalStateException(e);
    }
  }

  private static int firstDifference(List<String> some, List<String> others) {
    int i = 0;
    while (i < Math.min(some.size(), others.size()) && some.get(i).equals(others.get(i))) {
      i++;
    }
    return i + 1;
  }

  /** Adds the lines that a member receives before a line, or before the end of its connection. */
  private static Void hearUntil(Peer peer, String end, List<String> lines) throws Broken {
    for (Optional<String> line = peer.lineOrEnd();
        line.isPresent() && !line.get().equals(end);
        line = peer.lineOrEnd()) {
      lines.add(line.get());
    }
    return null;
  }

  /** Returns random lines, of which some are empty, and some have the maximum length. */
  private static List<String> speech(TestContext context) {
    return IntStream.range(0, SPEECH)
        .map(
            i ->
                switch (i % 8) {
                  case 0 -> 0;
                  case 1 -> LineReader.MAX_BYTES;
                  default -> context.random().nextInt(LineReader.MAX_BYTES);
                })
        .mapToObj(length -> new String(Text.letters(context.random(), length), UTF_8))
        .toList();
  }

  private static List<byte[]> inPieces(TestContext context, List<String> lines) {
    byte[] all = (String.join("\n", lines) + "\n").getBytes(UTF_8);
    List<byte[]> pieces = new ArrayList<>();
    for (int from = 0; from < all.length; ) {
      int to = Math.min(all.length, from + context.random().nextInt(1, MAX_PIECE));
      pieces.add(Arrays.copyOfRange(all, from, to));
      from = to;
    }
    return pieces;
  }

  private static String speech(String name) {
    return IntStream.range(0, LINES_EACH)
        .mapToObj(i -> "%s's line %d\n".formatted(name, i))
        .collect(joining());
  }

  private static void leaves(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer ann = member(context, room, "ann");
    for (Ending each : Ending.values()) {
      Peer bob = member(context, room, "bob", "ann");
      try {
        ann.expect("* bob joined\n");
        ann.send("welcome\n");
        leave(ann, bob, each);
        // The name is free as soon as the others have been told.
        Peer again = member(context, room, "bob", "ann");
        ann.expect("* bob joined\n");
        again.close();
        ann.expect("* bob left\n");
      } catch (Broken e) {
        throw e.at("a member that ends by " + each.words);
      }
    }
    ann.expectSilence(context.time(SILENCE));
    member(context, room, "eve", "ann");
    ann.expect("* eve joined\n");
  }

  /** How a member can end its conversation. */
  private enum Ending {
    CLOSE("a close"),
    CLOSE_READ("a close, after it has read everything"),
    FINISH("FIN, reading until the program's FIN"),
    RESET("RST"),
    HALF_RESET("RST in the middle of a line"),
    HALF_FINISH("FIN in the middle of a line"),
    LINE_FINISH("a line and FIN"),
    FINISH_RESET("FIN and RST at once"),
    FINISH_LATER_RESET("FIN, and RST after it has left"),
    TOO_LONG("a line that is too long"),
    TOO_LONG_FINISH("a line that is too long, and FIN at once"),
    TOO_LONG_RESET("a line that is too long, and RST after the error line");

    private final String words;

    Ending(String words) {
      this.words = words;
    }
  }

  private static void leave(Peer ann, Peer bob, Ending ending) throws Broken, IOException {
    if (ending != Ending.CLOSE && ending != Ending.RESET) { // With unread input, a close sends RST.
      bob.expect("ann: welcome\n");
    }
    switch (ending) {
      case CLOSE, CLOSE_READ -> bob.close();
      case RESET -> bob.reset();
      case HALF_RESET -> {
        bob.send("half of a li");
        bob.reset();
      }
      case FINISH, HALF_FINISH, LINE_FINISH, FINISH_LATER_RESET, FINISH_RESET -> {
        bob.send(
            switch (ending) {
              case HALF_FINISH -> "half of a li";
              case LINE_FINISH -> "good bye\n";
              default -> "";
            });
        bob.finishSending();
        if (ending == Ending.FINISH_RESET) {
          bob.reset();
        }
      }
      case TOO_LONG, TOO_LONG_FINISH, TOO_LONG_RESET -> {
        bob.send("x".repeat(LineReader.MAX_BYTES + 1) + "\nnot heard\n");
        if (ending == Ending.TOO_LONG_FINISH) {
          bob.finishSending();
        }
        bob.expect("error line too long\n");
      }
    }
    ann.expect((ending == Ending.LINE_FINISH ? "bob: good bye\n" : "") + "* bob left\n");
    switch (ending) {
      case FINISH, LINE_FINISH, HALF_FINISH, TOO_LONG, TOO_LONG_FINISH -> bob.expectFin();
      case FINISH_LATER_RESET, TOO_LONG_RESET -> bob.reset();
      default -> {}
    }
    if (ending != Ending.FINISH) { // Otherwise its half of the connection stays open for a while.
      bob.close();
    }
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
    late(context);
  }

  /**
   * Members that end while the program holds lines for them. One has finished sending, and reads
   * late. One is refused: after its error line the program reads on for a limited time only, so
   * that it has to receive everything if it reads at once.
   */
  private static void late(TestContext context) throws Broken, IOException, InterruptedException {
    SlowMembers all = new SlowMembers(context, room(context));
    List<SlowMembers.Slow> slow = all.enterAlmostFull("slow1", "slow2");
    SlowMembers.Slow finished = all.nextFull(slow);
    finished.leaves();
    finished.peer.send("that is all\n");
    finished.peer.finishSending();
    try {
      all.demandHeard("%1$s: that is all\n* %1$s left\n".formatted(finished.name));
    } catch (Broken e) {
      throw e.at("a member that has sent a line and FIN, and has not read everything yet");
    }
    SlowMembers.Slow refused = all.nextFull(slow);
    refused.leaves();
    long start = System.nanoTime();
    refused.peer.send("x".repeat(LineReader.MAX_BYTES + 1));
    all.demandHeard("* %s left\n".formatted(refused.name));
    try {
      refused.expectLast("error line too long\n", start + AT_ONCE.toNanos());
    } catch (Broken e) {
      throw e.at("a member that reads at once after a line that is too long");
    }
    finished.peer.pause(context.time(IDLE));
    try {
      finished.expectAll();
      finished.peer.expectFin();
    } catch (Broken e) {
      throw e.at("a member that reads late, after its FIN");
    }
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
    bob.send(longest);
    bob.send("\r");
    bob.send("\n");
    ann.expect("bob: " + longest + "\n");
    String accents = "\u00e9".repeat(LineReader.MAX_BYTES / 2);
    bob.send(accents + "\n");
    ann.expect("bob: " + accents + "\n");
    bob.send("before\nx" + longest + "\nand more\n");
    bob.expect("error line too long\n");
    bob.expectFin();
    ann.expect("bob: before\n* bob left\n");
    for (String tooLong :
        List.of(
            "x" + longest,
            accents + "x",
            "x".repeat(LineReader.MAX_BYTES - 1) + "\u00e9",
            longest + "\rx",
            "\r" + longest)) {
      Peer eve = member(context, room, "eve", "ann");
      ann.expect("* eve joined\n");
      eve.send(tooLong + "\n" + "z".repeat(MUCH));
      try {
        eve.expect("error line too long\n");
        eve.expectFin();
        eve.close();
        ann.expect("* eve left\n");
      } catch (Broken e) {
        throw e.at("a line of %,d bytes".formatted(tooLong.getBytes(UTF_8).length));
      }
    }
    Peer nameless = context.connect(room);
    nameless.send("x" + longest);
    nameless.expect("error line too long\n");
    nameless.expectFin();
    ann.expectSilence(context.time(SILENCE));
  }

  private static void keeps(TestContext context) throws Broken, IOException, InterruptedException {
    SlowMembers all = new SlowMembers(context, room(context));
    List<SlowMembers.Slow> both = all.enterAlmostFull("slow1", "slow2");
    long most = SlowMembers.outbox() * 2L / 3; // The overhead of each line may count.
    most -= manyShortLines(all, both);
    SlowMembers.Slow slow = all.nextFull(both);
    for (long held = slow.held().orElse(0);
        held < most - SlowMembers.GROUP * LineReader.MAX_BYTES;
        held += SlowMembers.GROUP * LineReader.MAX_BYTES) {
      all.say(SlowMembers.GROUP);
    }
    all.demandNobodyDropped("with less than %,d bytes in the program".formatted(most));
    steadily(all, slow, most);
    slow.peer.pause(context.time(IDLE));
    all.say(1, LineReader.MAX_BYTES);
    all.demandNobodyDropped(
        "although it only did not read for %,d ms".formatted(context.time(IDLE).toMillis()));
    Peer eve = all.enterForAWord("eve");
    eve.send("last words\n");
    eve.finishSending();
    all.demandHeard("eve: last words\n* eve left\n");
    slow.expectAll();
    slow.peer.send("I was busy\n");
    all.ann().expect("%s: I was busy\n".formatted(slow.name));
    littleByLittle(context);
  }

  /**
   * A member reads little by little, and its outbox is never empty: only what is pending counts.
   * This can be seen only where the kernel's buffers are small. Otherwise, when the kernel takes
   * bytes again, it takes more than an outbox holds.
   */
  private static void littleByLittle(TestContext context)
      throws Broken, IOException, InterruptedException {
    SlowMembers all = new SlowMembers(context, room(context));
    SlowMembers.Slow slow = all.enterSlow("slow", LITTLE_WINDOW);
    int some = SlowMembers.GROUP * LineReader.MAX_BYTES;
    int most = SlowMembers.outbox() / 2;
    int inVain = 0;
    for (int left = MOST_BUFFERED; left > 0 && inVain < READ_IN_VAIN; ) {
      OptionalLong held = slow.held();
      if (held.isPresent() && held.getAsLong() + some >= most) {
        held = slow.heldAtRest();
      }
      if (held.isEmpty()) {
        return;
      }
      if (held.getAsLong() + some < most) {
        all.say(SlowMembers.GROUP);
        all.demandNobodyDropped("although it reads, and less than its outbox is pending");
        left -= some;
        inVain = 0;
      } else {
        left = Math.min(left, SlowMembers.outbox());
        slow.expectSome(some);
        inVain++;
      }
    }
  }

  /**
   * The limit is in bytes: many short lines fit.
   *
   * @return what the program may need to store these lines for the other member
   */
  private static long manyShortLines(SlowMembers all, List<SlowMembers.Slow> both)
      throws Broken, InterruptedException {
    SlowMembers.Slow slow = all.nextFull(both);
    SlowMembers.Slow other = both.getFirst();
    long held = Math.max(slow.held().orElse(0), other.held().orElse(0));
    long free = SlowMembers.outbox() * 3L / 4 - held * 11 / 10;
    int lines = (int) Math.max(SHORT_LINES, free / (OVERHEAD + SHORT_LINE));
    for (int i = 0; i < lines; i += SlowMembers.GROUP) {
      all.say(SlowMembers.GROUP, SHORT_LINE);
    }
    all.demandNobodyDropped("after %d lines of %d bytes".formatted(lines, SHORT_LINE));
    slow.expectAll();
    slow.leaves();
    slow.peer.close();
    all.demandHeard("* %s left\n".formatted(slow.name));
    return other.held().orElse(0) > 0 ? (long) lines * OVERHEAD : 0;
  }

  /**
   * The member reads as much as it is told, for as long as the program holds less for it than its
   * outbox: only bytes that are pending count.
   */
  private static void steadily(SlowMembers all, SlowMembers.Slow slow, long most)
      throws Broken, InterruptedException {
    long held = slow.heldAtRest().orElse(Long.MAX_VALUE);
    for (int i = 0; i < STEADY_ROUNDS && held < most; i++) {
      slow.expectSome(SlowMembers.GROUP * LineReader.MAX_BYTES);
      all.say(SlowMembers.GROUP);
      all.demandNobodyDropped("although it reads, and less than its outbox is pending");
      held = slow.heldAtRest().orElse(Long.MAX_VALUE);
    }
  }

  private static void delaysNobody(TestContext context)
      throws Broken, IOException, InterruptedException {
    SlowMembers all = new SlowMembers(context, room(context)).within(context.time(CLOSE));
    all.enterSlow("slow");
    for (long said = 0; said < SlowMembers.atMost() && all.dropped().isEmpty(); ) {
      all.say(LINES_AT_ONCE);
      said += (long) LINES_AT_ONCE * LineReader.MAX_BYTES;
    }
  }

  /** Some members do not read, and members that read are before, between and after them. */
  private static void drops(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    SlowMembers all = new SlowMembers(context, room);
    List<SlowMembers.Slow> slow = new ArrayList<>();
    slow.add(all.enterSlow("slow1"));
    Peer eve = all.enterReader("eve");
    slow.add(all.enterSlow("slow2"));
    Peer joe = all.enterReader("joe");
    long said = 0;
    long held = 0;
    for (int i = 1; said < SlowMembers.atMost() && all.dropped().size() < slow.size(); i++) {
      for (SlowMembers.Slow each : slow) {
        if (!all.dropped().contains(each.name)) {
          each.peer.sendUnlessReset((SlowMembers.CHATTER + "\n").getBytes(UTF_8));
        }
      }
      all.say(LINES_AT_ONCE);
      said += (long) LINES_AT_ONCE * LineReader.MAX_BYTES;
      // To ask the kernel takes long.
      if (i % (held > 0 ? 2 : RARELY) == 0) {
        held = demandBounded(all, slow);
      }
    }
    for (SlowMembers.Slow each : slow) {
      if (!all.dropped().contains(each.name)) {
        throw new Broken(
            "a member with %,d pending bytes to be dropped".formatted(said),
            "it was not dropped, or the others were not told");
      }
      try {
        each.expectBeginning();
      } catch (Broken e) {
        throw e.at("a member that was dropped");
      }
      each.peer.close();
    }
    all.ann().send("good\n");
    for (Peer each : List.of(all.bob(), eve, joe)) {
      each.expect("ann: good\n");
    }
    member(context, room, "slow2", "ann", "bob", "eve", "joe");
    for (Peer each : List.of(all.ann(), all.bob(), eve, joe)) {
      each.expect("* slow2 joined\n");
    }
    joe.expectSilence(context.time(SILENCE));
  }

  /**
   * Demands that a member is dropped for which much more is pending than fits into its outbox.
   *
   * @return how many bytes the program holds for a member that is not dropped; 0 if not known
   */
  private static long demandBounded(SlowMembers all, List<SlowMembers.Slow> slow)
      throws Broken, InterruptedException {
    Optional<SlowMembers.Slow> kept =
        slow.stream().filter(it -> !all.dropped().contains(it.name)).findFirst();
    if (kept.isEmpty()) {
      return 0;
    }
    long most = 3L * SlowMembers.outbox();
    long held = kept.get().held().orElse(0);
    for (int i = 0; i < NOTICED_AFTER && held > most; i++) {
      // The program may take a moment to notice that the member does not read.
      held = kept.get().heldAtRest().orElse(0);
      all.say(1, SHORT_LINE);
      if (all.dropped().contains(kept.get().name)) {
        return 0;
      }
    }
    if (held > most) {
      throw new Broken(
          "a member to be dropped when %,d bytes are pending for it, at a further line"
              .formatted(SlowMembers.outbox()),
          "the program holds %,d, and has not dropped it".formatted(held));
    }
    return held;
  }

  private static void holdsMany(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    int count = context.count(CLIENTS);
    List<Peer> members = new ArrayList<>();
    StringBuilder names = new StringBuilder();
    int told = 0;
    for (int i = 0; i < count; i++) {
      Peer peer = context.connect(room);
      peer.send("m%d\n".formatted(i));
      demand("* you are m%d; here:%s".formatted(i, names), peer.line());
      names.append(" m%d".formatted(i));
      members.add(peer);
      if (i - told == UNREAD) {
        hearJoined(members, told);
        told = i;
      }
    }
    hearJoined(members, told);
    for (int speaker : List.of(0, count - 1)) {
      members.get(speaker).send("hello, all\n");
      for (int i = 0; i < count; i++) {
        if (i != speaker) {
          demand("m%d: hello, all".formatted(speaker), members.get(i).line());
        }
      }
    }
  }

  /** Each member reads that the members after it, and after this number, have joined. */
  private static void hearJoined(List<Peer> members, int since) throws Broken {
    for (int i = 0; i < members.size(); i++) {
      for (int j = Math.max(i, since) + 1; j < members.size(); j++) {
        demand("* m%d joined".formatted(j), members.get(i).line());
      }
    }
  }

  private static void demand(String expected, String actual) throws Broken {
    if (!actual.equals(expected)) {
      throw new Broken(RoomHistory.shown(expected), "got " + differing(expected, actual));
    }
  }

  /** Returns the beginning of a line, or the part of it that differs from another line. */
  private static String differing(String expected, String actual) {
    int same = 0;
    while (same < Math.min(expected.length(), actual.length())
        && expected.charAt(same) == actual.charAt(same)) {
      same++;
    }
    return same <= SHOWN_LENGTH / 2
        ? shortened(actual)
        : "a line that differs after %,d characters: \"%s\" instead of \"%s\""
            .formatted(
                same,
                shortened(actual.substring(same - SAME_SHOWN)),
                shortened(expected.substring(same - SAME_SHOWN)));
  }

  private static void nameless(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    List<Peer> nameless = new ArrayList<>();
    for (int i = 0; i < NAMELESS; i++) {
      nameless.add(context.connect(room));
      nameless.getLast().send(i % 2 == 0 ? "" : "an");
    }
    Peer ann = member(context, room, "ann");
    Peer bob = member(context, room, "bob", "ann");
    ann.expect("* bob joined\n");
    bob.send("hello\n");
    ann.expect("bob: hello\n");
    bob.finishSending();
    bob.expectFin();
    ann.expect("* bob left\n");
    nameless.getFirst().expectSilence(context.time(SILENCE));
    for (Peer each : nameless) {
      each.expectSilence(Duration.ofMillis(1));
    }
    Peer zoe = nameless.removeFirst();
    enter(zoe, "zoe", "ann");
    Peer anna = nameless.removeFirst();
    anna.send("a\n");
    anna.expect("* you are ana; here: ann zoe\n");
    ann.expect("* zoe joined\n* ana joined\n");
    zoe.expect("* ana joined\n");
    for (int i = 0; i < nameless.size(); i++) {
      if (i % 2 == 0) {
        nameless.get(i).reset();
      } else {
        nameless.get(i).finishSending();
        nameless.get(i).expectFin();
      }
    }
    ann.expectSilence(context.time(SILENCE));
    ann.send("good\n");
    zoe.expect("ann: good\n");
    anna.expect("ann: good\n");
  }

  private static void silent(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer nameless = context.connect(room);
    Peer ann = member(context, room, "ann");
    Peer bob = member(context, room, "bob", "ann");
    ann.expect("* bob joined\n");
    bob.send("I am ");
    ann.expectSilence(context.time(IDLE).multipliedBy(2));
    for (Peer each : List.of(bob, nameless)) {
      each.expectSilence(Duration.ofMillis(1));
    }
    nameless.send("eve\n");
    nameless.expect("* you are eve; here: ann bob\n");
    ann.expect("* eve joined\n");
    bob.expect("* eve joined\n");
    bob.send("back\n");
    ann.expect("bob: I am back\n");
    ann.send("so am I\n");
    bob.expect("ann: so am I\n");
    nameless.expect("bob: I am back\nann: so am I\n");
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
        context.count(CLOSES) / 8,
        () -> {
          for (Ending each : Ending.values()) {
            if (each != Ending.TOO_LONG_FINISH) {
              comesAndGoes(context, room, ann, each);
            }
          }
          for (String name : List.of("", "ann")) {
            try (Peer refused = context.connect(room)) {
              refused.send(name + "\n");
              refused.expect(name.isEmpty() ? MALFORMED : "error ann is taken\n");
              refused.expectFin();
            }
          }
          try (Peer nameless = context.connect(room)) {
            nameless.send("bo");
            nameless.finishSending();
            nameless.expectFin();
          }
          context.connect(room).reset();
        });
    releasesDropped(context);
  }

  private static void comesAndGoes(TestContext context, Instance room, Peer ann, Ending ending)
      throws Broken, IOException {
    try (Peer bob = member(context, room, "bob", "ann")) {
      ann.send("welcome\n");
      ann.expect("* bob joined\n");
      leave(ann, bob, ending);
    } catch (Broken e) {
      throw e.at("a member that ends by " + ending.words);
    }
  }

  /** The sockets of members that do not read are closed, too. */
  private static void releasesDropped(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    CostMeter meter = context.meter(room);
    SlowMembers all = new SlowMembers(context, room);
    int before = meter.sockets();
    List<SlowMembers.Slow> slow = new ArrayList<>();
    for (int i = 0; i < DROPPED; i++) {
      slow.add(all.enterSlow("slow%d".formatted(i)));
      slow.getLast().peer.send("I do not read\n");
      all.demandHeard("slow%d: I do not read\n".formatted(i), "slow%d".formatted(i));
    }
    for (long said = 0; said < SlowMembers.atMost() && all.dropped().size() < DROPPED; ) {
      all.say(LINES_AT_ONCE);
      said += (long) LINES_AT_ONCE * LineReader.MAX_BYTES;
    }
    // The program may be in the process of the kit, whose sockets are then counted, too.
    slow.forEach(it -> it.peer.close());
    ResourceLeaks.awaitAtMost(
        before + DROPPED / 2,
        "sockets",
        () -> OptionalLong.of(meter.sockets()),
        context.patience());
  }
}
