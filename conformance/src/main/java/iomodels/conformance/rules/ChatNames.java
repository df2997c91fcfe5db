package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section13Chat.MALFORMED;
import static iomodels.conformance.rules.Section13Chat.demand;
import static iomodels.conformance.rules.Section13Chat.enter;
import static iomodels.conformance.rules.Section13Chat.member;
import static iomodels.conformance.rules.Section13Chat.room;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Names and entries in a chat room: who gets in, and what newcomers and members are told. */
final class ChatNames {

  private static final int ENTRIES = 24;
  private static final int ASKED_AT_ONCE = 64;
  private static final int SAME_NAMES = 8;
  private static final int NAMELESS = 100;

  private ChatNames() {}

  /** Rule 13.01. */
  static void enters(TestContext context) throws Broken, IOException, InterruptedException {
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

  /** Rule 13.03. */
  static void names(TestContext context) throws Broken, IOException, InterruptedException {
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

  /** Rule 13.19. */
  static void nameless(TestContext context) throws Broken, IOException, InterruptedException {
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
}
