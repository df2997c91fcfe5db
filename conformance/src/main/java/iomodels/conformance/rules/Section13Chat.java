package iomodels.conformance.rules;

import static iomodels.conformance.Rule.Level.MUST;
import static iomodels.program.Programs.CHAT;
import static java.util.stream.Collectors.joining;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Check;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
              ChatNames::enters),
          rule(
              "13.02",
              "The program MUST accept a line in any pieces, with or without a CR before its"
                  + " LF.",
              "A read may return half of a line, several lines, or half of a UTF-8 character."
                  + " A program that takes a read for a line sends fragments to all members.",
              ChatLines::pieces),
          rule(
              "13.03",
              "The program MUST answer an invalid name, or one that is taken, with an error"
                  + " line, and then close the connection.",
              "Two members with the same name can speak for each other, and a name like \"*"
                  + " server\" forges the messages of the room. IRC has error replies for both"
                  + " cases (RFC 2812, section 3.1.2).",
              ChatNames::names),
          rule(
              "13.04",
              "The program MUST send each line to all other members, in the same order to"
                  + " all.",
              "Members that see different orders see different conversations: an answer may"
                  + " appear before its question. Delivery by recursion, or by a thread for each"
                  + " line, changes the order without any error.",
              ChatLines::says),
          rule(
              "13.05",
              "When a member leaves, the program MUST tell the others, whether the member"
                  + " closes or resets.",
              "After a crash a connection ends with RST or a time-out, not with FIN. A"
                  + " program that notices only the end of input keeps members that are gone, and"
                  + " their names stay taken.",
              ChatEndings::leaves),
          waiting(
              "13.06",
              "The program MUST send a client that has finished sending everything that is"
                  + " pending for it, and then FIN.",
              "A script may send its name, its line and FIN at once. FIN ends one direction"
                  + " only (RFC 9293, section 3.6.1); a program that closes at once loses pending"
                  + " lines, and one that never closes leaks the connection.",
              ChatOutboxes::halfClosed),
          rule(
              "13.07",
              "The program MUST answer a line that is too long with an error line, and then"
                  + " close the connection.",
              "Without a limit, a client that never sends LF exhausts the memory; IRC limits"
                  + " a message to 512 characters (RFC 2812, section 2.3). A close without an error"
                  + " line looks like a network failure.",
              ChatLines::babbles),
          rule(
              "13.08",
              "The program MUST keep the lines that a member has not read yet, while they fit"
                  + " into its outbox.",
              "Every client stops reading for moments, for example during a garbage"
                  + " collection or after a lost packet. A program that drops a member as soon as a"
                  + " write would block loses members that are healthy.",
              ChatOutboxes::keeps),
          rule(
              "13.09",
              "A member that does not read MUST NOT delay the others.",
              "A write that blocks, above all under the lock of the room, stops the whole room when"
                  + " one member's receive window is full. NATS disconnects slow consumers to"
                  + " protect the others (NATS documentation, \"Slow Consumers\").",
              ChatOutboxes::delaysNobody),
          rule(
              "13.10",
              "The program MUST disconnect a member whose outbox is full, and tell the others.",
              "Lines that are kept without a limit exhaust the memory, and lines that are"
                  + " dropped leave a gap that nobody notices. Redis disconnects subscribers that"
                  + " exceed client-output-buffer-limit.",
              ChatOutboxes::drops),
          rule(
              "13.11",
              "The program MUST support a room of a thousand members.",
              "A thread pool, a table or a select(2) set of fixed size works in every small test,"
                  + " and fails when the room fills. Each newcomer is announced to all others, so"
                  + " the work grows with the square of the members.",
              ChatCrowds::holdsMany),
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
              ChatEndings::leavesNothing),
          rule("13.13", Shutdown.SENTENCE, Shutdown.WHY, ChatEndings::ends),
          rule(
              "13.14",
              "The program MUST remove a member that resets right after it has sent its name.",
              "The write of the welcome then fails for a client that is already a member. If"
                  + " that failure is handled like one before the entry, the member stays forever:"
                  + " its name is taken, and lines are queued for it.",
              ChatCrowds::resetsAtOnce),
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
              ChatCrowds::allReset),
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
              ChatCrowds::happensAtOnce),
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
              ChatCrowds::storm),
          rule(
              "13.18",
              "The program MUST send the text of each complete line unchanged, with U+FFFD in place"
                  + " of malformed UTF-8, and MUST NOT send a line whose LF is missing.",
              "Programs trim lines, split them at other line ends, cut them at NUL, or take words"
                  + " for commands. A line that contains a formatting directive must not be used as"
                  + " a format (CWE-134). A text without its LF may be the half of one.",
              ChatLines::texts),
          rule(
              "13.19",
              "A client that has not sent its name MUST NOT appear in a list, receive lines, or"
                  + " delay others, however many such clients there are.",
              "Port scans and health checks connect and send nothing. A program that waits for the"
                  + " name in its accept loop stops for all others, and one that lists the"
                  + " connection at once lists members without a name.",
              ChatNames::nameless),
          new Rule(
              "13.20",
              MUST,
              "The program MUST NOT end a conversation because a client is silent.",
              "Most members of a room only read. A timeout for input, such as SO_RCVTIMEO"
                  + " (socket(7)), removes them, and TCP itself has no such limit (RFC 9293,"
                  + " section 3.8.4).",
              CHAT,
              Set.of(),
              Scheduling.WAITING,
              ChatEndings::silent));

  static final String MALFORMED = "error a name has 1 to 16 letters, digits, - or _\n";

  /** Fewer lines than fit into an outbox. */
  static final int LINES_AT_ONCE = 16;

  /** How much of the equal part of two lines is shown. */
  private static final int SAME_SHOWN = 20;

  private Section13Chat() {}

  private static Rule rule(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, CHAT, Set.of(), check);
  }

  private static Rule waiting(String id, String sentence, String why, Check check) {
    return new Rule(id, MUST, sentence, why, CHAT, Set.of(), Scheduling.WAITING, check);
  }

  static Instance room(TestContext context) throws IOException, InterruptedException {
    return context.program();
  }

  /** Connects a client that enters the room, whose members are {@code there}, in that order. */
  static Peer member(TestContext context, Instance room, String name, String... there)
      throws Broken, IOException {
    return enter(context.connect(room), name, there);
  }

  static Peer enter(Peer peer, String name, String... there) throws Broken {
    peer.send(name + "\n");
    String others = Stream.of(there).map(it -> " " + it).collect(joining());
    peer.expect("* you are %s; here:%s\n".formatted(name, others));
    return peer;
  }

  /** Adds the lines that a member receives before a line, or before the end of its connection. */
  static Void hearUntil(Peer peer, String end, List<String> lines) throws Broken {
    for (Optional<String> line = peer.lineOrEnd();
        line.isPresent() && !line.get().equals(end);
        line = peer.lineOrEnd()) {
      lines.add(line.get());
    }
    return null;
  }

  static void demand(String expected, String actual) throws Broken {
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
    return same <= RoomHistory.SHOWN_LENGTH / 2
        ? RoomHistory.shown(actual)
        : "a line that differs after %,d characters: \"%s\" instead of \"%s\""
            .formatted(
                same,
                RoomHistory.shown(actual.substring(same - SAME_SHOWN)),
                RoomHistory.shown(expected.substring(same - SAME_SHOWN)));
  }
}
