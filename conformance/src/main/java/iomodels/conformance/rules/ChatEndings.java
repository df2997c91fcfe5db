package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.CLOSES;
import static iomodels.conformance.Bound.PAUSE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section13Chat.LINES_AT_ONCE;
import static iomodels.conformance.rules.Section13Chat.MALFORMED;
import static iomodels.conformance.rules.Section13Chat.enter;
import static iomodels.conformance.rules.Section13Chat.member;
import static iomodels.conformance.rules.Section13Chat.room;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.meter.CostMeter;
import iomodels.program.LineReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** How memberships in a chat room end, and what is left afterwards; and that silence ends none. */
final class ChatEndings {

  private static final int WINDOW = 64 * 1024;
  private static final int DROPPED = 4;

  private ChatEndings() {}

  /** Rule 13.05. */
  static void leaves(TestContext context) throws Broken, IOException, InterruptedException {
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
    if (ending == Ending.CLOSE || ending == Ending.RESET) { // With unread input, a close sends RST.
      bob.awaitInput("ann: welcome");
    } else {
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

  /** Rule 13.12. */
  static void leavesNothing(TestContext context) throws Broken, IOException, InterruptedException {
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

  /** Rule 13.13. */
  static void ends(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    context.connect(room);
    Peer ann = member(context, room, "ann");
    Peer slow = enter(context.connectWithWindow(room, WINDOW), "slow", "ann");
    ann.expect("* slow joined\n");
    ann.send(("x".repeat(LineReader.MAX_BYTES) + "\n").repeat(LINES_AT_ONCE));
    slow.pauseUntilFull();
    Shutdown.demand(context, room);
  }

  /** Rule 13.20. */
  static void silent(TestContext context) throws Broken, IOException, InterruptedException {
    Instance room = room(context);
    Peer nameless = context.connect(room);
    Peer ann = member(context, room, "ann");
    Peer bob = member(context, room, "bob", "ann");
    ann.expect("* bob joined\n");
    bob.send("I am ");
    ann.expectSilence(context.time(PAUSE));
    bob.expectSilence(Duration.ofMillis(1));
    try {
      nameless.expectSilence(Duration.ofMillis(1));
    } catch (Broken e) {
      throw e.at("a client without a name");
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
}
