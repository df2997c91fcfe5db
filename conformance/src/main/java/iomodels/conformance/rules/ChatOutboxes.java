package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.IDLE;
import static iomodels.conformance.Bound.PAUSE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section13Chat.LINES_AT_ONCE;
import static iomodels.conformance.rules.Section13Chat.member;
import static iomodels.conformance.rules.Section13Chat.room;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.LineReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Members of a chat room that do not read, or read late: what is kept for them, and for how long.
 */
final class ChatOutboxes {

  /** Short lines that fit into every outbox, with what the program needs to store each. */
  private static final int SHORT_LINES = 80;

  private static final int SHORT_LINE = 10;
  private static final int OVERHEAD = 100;
  private static final int LITTLE_WINDOW = 8 * 1024;
  private static final int READ_IN_VAIN = 8;

  /** Larger buffers of the kernel are not filled to see what the program does then. */
  private static final int MOST_BUFFERED = 384 * 1024;

  private static final int STEADY_ROUNDS = 12;

  /**
   * A member that does not read speaks in every other round, so twice before its outbox is full.
   */
  private static final int CHATTER_EVERY = 2;

  /** So often the kernel is not asked how much of what was said it holds. */
  private static final int RARELY = 4;

  /** Of the outbox; the rest is for a line that a program has taken out of it, and is sending. */
  private static final double TOO_MUCH = 1.5;

  /** A character of three bytes. */
  private static final String WIDE = "\u4e16";

  /** After so many further lines, a program must have noticed that a member does not read. */
  private static final int NOTICED_AFTER = 30;

  /** A member that reads within this time has not waited. */
  private static final Duration AT_ONCE = Duration.ofMillis(300);

  private ChatOutboxes() {}

  /** Rule 13.06. */
  static void halfClosed(TestContext context) throws Broken, IOException, InterruptedException {
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
   * that it has to receive everything if it reads at once. One resets.
   */
  private static void late(TestContext context) throws Broken, IOException, InterruptedException {
    SlowMembers all = new SlowMembers(context, room(context));
    List<SlowMembers.Slow> slow = all.enterAlmostFull("slow1", "slow2", "slow3");
    SlowMembers.Slow finished = all.nextFull(slow);
    finished.leaves();
    finished.peer.send("that is all\n");
    finished.peer.finishSending();
    long finishedAt = System.nanoTime();
    try {
      all.demandHeard("%1$s: that is all\n* %1$s left\n".formatted(finished.name));
    } catch (Broken e) {
      throw e.at("a member that has sent a line and FIN, and has not read everything yet");
    }
    demandFree(all, finished.name);
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
    SlowMembers.Slow gone = all.nextFull(slow);
    gone.leaves();
    gone.peer.reset();
    try {
      all.demandHeard("* %s left\n".formatted(gone.name));
    } catch (Broken e) {
      throw e.at("a member that has reset, and has not read everything");
    }
    demandFree(all, gone.name);
    Duration left = context.time(PAUSE).minusNanos(System.nanoTime() - finishedAt);
    if (left.isPositive()) {
      finished.peer.pause(left);
    }
    try {
      finished.expectAll();
      finished.peer.expectFin();
    } catch (Broken e) {
      throw e.at("a member that reads late, after its FIN");
    }
  }

  /** Demands that a name is free as soon as the others have been told that its member has left. */
  private static void demandFree(SlowMembers all, String name) throws Broken, IOException {
    try {
      Peer next = all.enterForAWord(name);
      next.finishSending();
      all.demandHeard("* %s left\n".formatted(name));
      next.expectFin();
      next.close();
    } catch (Broken e) {
      throw e.at("a newcomer with the name of a member that left without having read everything");
    }
  }

  /** Rule 13.08. */
  static void keeps(TestContext context) throws Broken, IOException, InterruptedException {
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
        // Until then the kernel need not be asked again, which takes long.
        for (long atMost = held.getAsLong() + some; atMost < most; atMost += some) {
          all.say(SlowMembers.GROUP);
          all.demandNobodyDropped("although it reads, and less than its outbox is pending");
          left -= some;
        }
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

  /** Rule 13.09. */
  static void delaysNobody(TestContext context) throws Broken, IOException, InterruptedException {
    SlowMembers all = new SlowMembers(context, room(context)).within(context.time(CLOSE));
    all.enterSlow("slow");
    for (long said = 0; said < SlowMembers.atMost() && all.dropped().isEmpty(); ) {
      all.say(LINES_AT_ONCE);
      said += (long) LINES_AT_ONCE * LineReader.MAX_BYTES;
    }
  }

  /**
   * Rule 13.10. Some members do not read, and members that read are before, between and after them.
   * The lines have fewer characters than bytes.
   */
  static void drops(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    SlowMembers all = new SlowMembers(context, room).speaking(WIDE);
    List<SlowMembers.Slow> slow = new ArrayList<>();
    slow.add(all.enterSlow("slow1"));
    Peer eve = all.enterReader("eve");
    slow.add(all.enterSlow("slow2"));
    Peer joe = all.enterReader("joe");
    long said = 0;
    long held = 0;
    for (int i = 1; said < SlowMembers.atMost() && all.dropped().size() < slow.size(); i++) {
      for (SlowMembers.Slow each : slow) {
        if (i % CHATTER_EVERY == 0 && !all.dropped().contains(each.name)) {
          each.peer.sendUnlessReset((SlowMembers.CHATTER + "\n").getBytes(UTF_8));
        }
      }
      all.say(LINES_AT_ONCE);
      said += (long) LINES_AT_ONCE * LineReader.MAX_BYTES;
      // To ask the kernel takes long.
      if (held > 0 || i % RARELY == 0) {
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
    long most = (long) (TOO_MUCH * SlowMembers.outbox());
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
          "a member to be dropped when %,d bytes of lines in characters of 3 bytes are pending for it"
              .formatted(SlowMembers.outbox()),
          "the program holds %,d, and has not dropped it at a further line".formatted(held));
    }
    return held;
  }
}
