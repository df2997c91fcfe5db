package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section13Chat.hearUntil;
import static iomodels.conformance.rules.Section13Chat.member;
import static iomodels.conformance.rules.Section13Chat.room;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.LineReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What members of a chat room say: lines in any pieces, with any text, in one order for all. */
final class ChatLines {

  private static final String THE_END = "ann: the end";
  private static final int LINES_EACH = 200;

  /** The maximum length of a piece of a line. */
  private static final int MAX_PIECE = 400;

  private static final int SPEAKERS = 12;
  private static final int SPEECH = 24;
  private static final int NEWCOMERS = 6;
  private static final int MUCH = 100_000;

  private ChatLines() {}

  /** Rule 13.02. */
  static void pieces(TestContext context) throws Broken, IOException, InterruptedException {
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

  /** Rule 13.04. */
  static void says(TestContext context) throws Broken, IOException, InterruptedException {
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

  private static String speech(String name) {
    return IntStream.range(0, LINES_EACH)
        .mapToObj(i -> "%s's line %d\n".formatted(name, i))
        .collect(joining());
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

  /** Rule 13.07. */
  static void babbles(TestContext context) throws Broken, IOException, InterruptedException {
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

  /**
   * Rule 13.18. Sends every byte value, and what programs often take for something else than text.
   */
  static void texts(TestContext context) throws Broken, IOException, InterruptedException {
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
}
