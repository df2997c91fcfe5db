package iomodels.conformance.rules;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.LineReader;
import iomodels.program.ProgramConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A chat room in which ann speaks, bob reads what she says, and other members do not read. It knows
 * how many bytes the program holds for each of them: what the member was sent, without the bytes in
 * the kernel's queues. Ann's lines go in small groups, each of which bob receives before the next.
 */
final class SlowMembers {

  /** The size of the receive buffer of a member that does not read. */
  private static final int WINDOW = 64 * 1024;

  /** How many lines ann says before bob reads. */
  static final int GROUP = 8;

  /** The program holds at least this many bytes for a member if the kernel takes no more. */
  private static final long FULL = 2 * 1024;

  /** Between two counts, the program is sent this many lines of the maximum length. */
  private static final int COUNTED = 4 * GROUP;

  /** Bytes that one member is told more than another: more than their kernel's buffers differ. */
  private static final int LEAD = 256 * 1024;

  /** How many lines ann says before bob reads, while the kernel's buffers are not full. */
  private static final int QUICKLY = 32;

  /** All delays of a member that reads, together. */
  private static final Duration DELAYS = Duration.ofSeconds(40);

  /** Longer than the kernel delays an acknowledgement. */
  private static final long SETTLE_MILLIS = 60;

  private static final String ANN = "ann: ";

  /** What a member says that does not read. */
  static final String CHATTER = "I am here";

  private static final Pattern DROPPED =
      Pattern.compile("\\* (\\S+) was dropped: it does not read");
  private static final int BRIEF = 24;

  private final TestContext context;
  private final Instance room;
  private final Peer ann;
  private final Peer bob;

  /** The members that read, besides bob. */
  private final List<Peer> readers = new ArrayList<>();

  private final List<Slow> inside = new ArrayList<>();
  private final List<String> dropped = new ArrayList<>();
  private final List<String> entered = new ArrayList<>(List.of("ann"));
  private Duration patience;
  private String filler = "y";
  private long delayed;
  private int lines;

  SlowMembers(TestContext context, Instance room) throws Broken, IOException {
    this.context = context;
    this.room = room;
    this.patience = context.patience();
    ann = context.connect(room);
    ann.send("ann\n");
    ann.expect("* you are ann; here:\n");
    bob = context.connect(room);
    bob.send("bob\n");
    bob.expect("* you are bob; here: ann\n");
    ann.expect("* bob joined\n");
    entered.add("bob");
  }

  /** Demands that the members that read are not delayed for longer than this. */
  SlowMembers within(Duration limit) {
    patience = limit;
    return this;
  }

  /** Fills ann's lines with a character of several bytes. */
  SlowMembers speaking(String character) {
    filler = character;
    return this;
  }

  /** A member that does not read. */
  final class Slow {

    final String name;
    final Peer peer;
    private final ByteArrayOutputStream told = new ByteArrayOutputStream();
    private final int welcome;
    private int read;

    private Slow(String name, Peer peer, int welcome) {
      this.name = name;
      this.peer = peer;
      this.welcome = welcome;
    }

    private void tell(String line) {
      tell(line.getBytes(UTF_8));
    }

    private void tell(byte[] lines) {
      told.writeBytes(lines);
    }

    /** Returns the number of bytes that it was told, and has not read. */
    int unread() {
      return told.size() - read;
    }

    /** Demands everything that it was told. */
    void expectAll() throws Broken {
      expectSome(unread());
    }

    /** Demands the next bytes of what it was told. */
    void expectSome(int bytes) throws Broken {
      peer.expectStream(Peer.BytePattern.of(told.toByteArray()).from(read), bytes);
      read += bytes;
    }

    /** Reads to the end of the connection; demands the beginning of what it was told, at least. */
    void expectBeginning() throws Broken {
      byte[] all = told.toByteArray();
      byte[] got = peer.readToEnd(all.length - read);
      for (int i = 0; i < got.length; i++) {
        if (got[i] != all[read + i]) {
          throw new Broken(
              "a member that leaves to have received all lines up to some line, without a gap",
              "byte %,d of what %s received is 0x%02X instead of 0x%02X"
                  .formatted(i, name, got[i], all[read + i]));
        }
      }
      read += got.length;
    }

    /**
     * Reads to the end of the connection; demands everything that it was told, and a last line.
     *
     * @param limit if the end comes after this {@link System#nanoTime}, the beginning is enough
     */
    void expectLast(String line, long limit) throws Broken {
      tell(line);
      expectBeginning();
      if (unread() > 0 && System.nanoTime() - limit < 0) {
        throw new Broken(
            "everything that was pending, and " + line.strip(),
            "%,d of %,d bytes are missing".formatted(unread(), told.size()));
      }
    }

    /** Its departure has been announced, or is about to be. */
    void leaves() {
      inside.remove(this);
      entered.remove(name);
    }

    /** Returns how many bytes the program holds for it; empty if this machine does not tell. */
    OptionalLong held() {
      return peer.progress()
          .map(it -> OptionalLong.of(welcome + told.size() - it.given()))
          .orElseGet(OptionalLong::empty);
    }

    /**
     * Returns the same after the kernel has acknowledged all bytes: before that, they are in two
     * queues, and the number is too small.
     */
    OptionalLong heldAtRest() throws InterruptedException {
      TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);
      return held();
    }
  }

  Peer ann() {
    return ann;
  }

  Peer bob() {
    return bob;
  }

  /** Returns the members that have been dropped, in the order in which bob was told. */
  List<String> dropped() {
    return List.copyOf(dropped);
  }

  /** Adds a member that reads its welcome only. */
  Slow enterSlow(String name) throws Broken, IOException {
    return enterSlow(name, WINDOW);
  }

  /** Adds a member that reads its welcome only, with a receive buffer of this size. */
  Slow enterSlow(String name, int window) throws Broken, IOException {
    int welcome = welcome(name).length();
    Slow slow = new Slow(name, enter(context.connectWithWindow(room, window), name), welcome);
    inside.add(slow);
    return slow;
  }

  /** Adds a member that reads as bob does. */
  Peer enterReader(String name) throws Broken, IOException {
    Peer reader = enter(context.connect(room), name);
    readers.add(reader);
    return reader;
  }

  /** Adds a member that speaks and leaves: the caller checks with {@link #demandHeard}. */
  Peer enterForAWord(String name) throws Broken, IOException {
    Peer peer = enter(context.connect(room), name);
    entered.remove(name);
    return peer;
  }

  private Peer enter(Peer peer, String name) throws Broken {
    peer.send(name + "\n");
    peer.expect(welcome(name));
    entered.add(name);
    String joined = "* %s joined\n".formatted(name);
    ann.expect(joined);
    bob.expect(joined);
    for (Peer each : readers) {
      each.expect(joined);
    }
    inside.forEach(it -> it.tell(joined));
    return peer;
  }

  private String welcome(String name) {
    return "* you are %s; here: %s\n".formatted(name, String.join(" ", entered));
  }

  /** Demands that all members but one receive these lines next, those that do not read later. */
  void demandHeard(String told, String speaker) throws Broken {
    bob.expect(told);
    ann.expect(told);
    for (Peer each : readers) {
      each.expect(told);
    }
    inside.stream().filter(it -> !it.name.equals(speaker)).forEach(it -> it.tell(told));
  }

  /** Demands that all members receive these lines of a member that has left. */
  void demandHeard(String told) throws Broken {
    demandHeard(told, "");
  }

  /** Ann says this number of lines of the maximum length. */
  void say(int times) throws Broken {
    for (int i = 0; i < times; i += GROUP) {
      say(GROUP, LineReader.MAX_BYTES);
    }
  }

  /** Ann says numbered lines of the same length, and the members that read receive them. */
  void say(int times, int length) throws Broken {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      String number = "%07d".formatted(lines++);
      int rest = length - number.length();
      int bytes = filler.getBytes(UTF_8).length;
      texts.add(number + "y".repeat(rest % bytes) + filler.repeat(rest / bytes));
    }
    say(texts);
  }

  /** Ann says lines, and the members that read receive them. */
  void say(List<String> texts) throws Broken {
    try {
      demandSaid(texts);
    } catch (Broken e) {
      throw e.at("members that read, beside one that does not");
    }
    if (delayed > DELAYS.toNanos()) {
      throw Broken.late(
          "a member that does not read to delay the others by a fraction of a second",
          "they were delayed by %,d s in all".formatted(TimeUnit.NANOSECONDS.toSeconds(delayed)));
    }
  }

  private void demandSaid(List<String> texts) throws Broken {
    ann.send(String.join("\n", texts) + "\n");
    List<String> said = texts.stream().map(ANN::concat).toList();
    byte[] alone = (String.join("\n", said) + "\n").getBytes(UTF_8);
    long start = System.nanoTime();
    // The bytes of all lines are compared at once, unless there are events between them.
    boolean isAlone = bob.receivesNext(alone, patience);
    List<String> heard = isAlone ? said : hear(bob, texts);
    delayed += System.nanoTime() - start;
    for (Peer each : readers) {
      if (isAlone && each.receivesNext(alone, patience)) {
        continue;
      }
      List<String> same = hear(each, texts);
      if (!same.equals(heard)) {
        throw new Broken(
            RoomHistory.ONE_ORDER,
            "one received %s, and another %s".formatted(inBrief(heard), inBrief(same)));
      }
    }
    if (isAlone) {
      inside.forEach(it -> it.tell(alone));
      return;
    }
    Iterator<String> next = said.iterator();
    String line = next.next();
    for (String each : heard) {
      if (!each.startsWith(ANN)) {
        demandEvent(each, line);
        ann.expect(each + "\n");
      } else if (next.hasNext()) {
        line = next.next();
      }
      inside.stream()
          .filter(it -> !each.startsWith(it.name + ": "))
          .forEach(it -> it.tell(each + "\n"));
    }
  }

  /** Receives lines up to the last one that ann says. */
  private List<String> hear(Peer reader, List<String> texts) throws Broken {
    List<String> heard = new ArrayList<>();
    for (int i = 0; i < texts.size(); ) {
      String line = line(reader, ANN + texts.get(i));
      heard.add(line);
      if (line.startsWith(ANN)) {
        if (!line.substring(ANN.length()).equals(texts.get(i))) {
          throw new Broken(
              "what ann said, in order: " + RoomHistory.shown(texts.get(i)),
              "a member received: " + RoomHistory.shown(line));
        }
        i++;
      }
    }
    return heard;
  }

  private String line(Peer reader, String expected) throws Broken {
    try {
      return reader.line(patience);
    } catch (Broken e) {
      throw e.at("in place of " + RoomHistory.shown(expected));
    }
  }

  private static List<String> inBrief(List<String> lines) {
    return lines.stream().map(it -> it.substring(0, Math.min(it.length(), BRIEF))).toList();
  }

  /**
   * Demands that a member was dropped, or that a member speaks.
   *
   * @param expected the next line of ann, for the message
   */
  private void demandEvent(String heard, String expected) throws Broken {
    Matcher event = DROPPED.matcher(heard);
    boolean isDrop = event.matches();
    String name = isDrop ? event.group(1) : heard.split(":", 2)[0];
    Optional<Slow> slow = inside.stream().filter(it -> it.name.equals(name)).findFirst();
    if (slow.isEmpty() || (!isDrop && !heard.equals(name + ": " + CHATTER))) {
      throw new Broken(
          "%s, at once, or that a member was dropped, once".formatted(RoomHistory.shown(expected)),
          "a member received: " + RoomHistory.shown(heard));
    }
    if (isDrop) {
      slow.get().leaves();
      dropped.add(name);
    }
  }

  /** Demands that nobody has been dropped. */
  void demandNobodyDropped(String when) throws Broken {
    if (!dropped.isEmpty()) {
      throw new Broken(
          "members for which less than %,d bytes are pending to stay".formatted(outbox()),
          "%s was dropped %s".formatted(dropped.getFirst(), when));
    }
  }

  static int outbox() {
    return ProgramConfig.onLoopback(List.of()).outbox();
  }

  /** The number of bytes of ann's lines at which a member that does not read is surely dropped. */
  static long atMost() {
    return Kernel.buffers(2 * WINDOW) + 2L * outbox();
  }

  /**
   * Adds members that read their welcome only, and speaks until the kernel's buffers for them are
   * almost full: until a member is dropped that has been told a little more. To ask the kernel
   * again and again would take longer.
   */
  List<Slow> enterAlmostFull(String... names) throws Broken, IOException {
    Slow first = enterSlow("first");
    List<Slow> slow = new ArrayList<>();
    for (int lead = LEAD, i = 0; i < names.length; i++, lead = LEAD / 2) {
      sayQuickly(lead);
      slow.add(enterSlow(names[i]));
    }
    while (first.unread() < atMost() && dropped.isEmpty()) {
      sayQuickly(QUICKLY * LineReader.MAX_BYTES);
    }
    first.peer.close();
    if (inside.remove(first)) {
      entered.remove(first.name);
      demandHeard("* first left\n");
    }
    dropped.remove(first.name);
    if (!dropped.isEmpty()) { // The kernel held less for them: ask it from the beginning.
      dropped.clear();
      for (Slow each : slow) {
        each.peer.close();
        if (inside.contains(each)) {
          each.leaves();
          demandHeard("* %s left\n".formatted(each.name));
        }
      }
      slow.clear();
      for (String each : names) {
        slow.add(enterSlow(each));
      }
    }
    return slow;
  }

  private void sayQuickly(int bytes) throws Broken {
    for (int said = 0; said < bytes; said += QUICKLY * LineReader.MAX_BYTES) {
      say(QUICKLY, LineReader.MAX_BYTES);
    }
  }

  /**
   * Speaks until the kernel takes no more bytes for one of these members, and the program holds
   * less than its outbox; returns this member, and removes it from the list.
   */
  Slow nextFull(List<Slow> slow) throws Broken, InterruptedException {
    while (slow.getFirst().unread() < atMost()) {
      for (Slow each : slow) {
        if (isFull(each)) {
          slow.remove(each);
          return each;
        }
      }
      say(COUNTED);
      demandNobodyDropped("when the kernel's buffers were full");
    }
    return slow.removeFirst();
  }

  private static boolean isFull(Slow slow) throws InterruptedException {
    return slow.held().orElse(FULL) >= FULL && slow.heldAtRest().orElse(FULL) >= FULL;
  }
}
