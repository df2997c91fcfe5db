package iomodels.conformance.rules;

import iomodels.conformance.Broken;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The history of a chat room, as one member has received it: the witness, which says nothing. The
 * constructor checks that this history is possible, and {@link #demandSame} that another member has
 * received the same events in the same order. Immutable.
 */
final class RoomHistory {

  private static final Pattern EVENT =
      Pattern.compile("\\* (\\S+) (joined|left|was dropped: it does not read)");

  private static final Pattern WELCOME = Pattern.compile("\\* you are (\\S+); here:((?: \\S+)*)");
  static final String ONE_ORDER = "the same order of events for all members";
  static final int SHOWN_LENGTH = 80;

  private final String witness;
  private final List<String> events;

  /** The members before each event, and after the last one. */
  private final List<List<String>> members;

  /**
   * Checks that the events are possible: only members speak and leave, each departure is announced
   * once, and no name belongs to two members.
   *
   * @param here the members at the beginning, in the order in which they entered
   * @param witness the name of the member that has received the events
   */
  RoomHistory(List<String> here, String witness, List<String> events) throws Broken {
    this.witness = witness;
    this.events = List.copyOf(events);
    this.members = new ArrayList<>();
    Set<String> inside = new LinkedHashSet<>(here);
    members.add(List.copyOf(inside));
    for (String each : events) {
      Matcher event = EVENT.matcher(each);
      if (!event.matches()) {
        String speaker = each.split(":", 2)[0];
        if (!inside.contains(speaker) || speaker.equals(witness)) {
          throw new Broken(
              "a line of another member",
              "%s received: %s; members: %s".formatted(witness, shown(each), shown(inside)));
        }
      } else if (event.group(2).equals("joined")) {
        if (!inside.add(event.group(1))) {
          throw new Broken(
              "one member of each name, and one announcement when it enters",
              "%s received: %s; members: %s".formatted(witness, shown(each), shown(inside)));
        }
      } else if (!inside.remove(event.group(1))) {
        throw new Broken(
            "one announcement when a member leaves, and none of other clients",
            "%s received: %s; members: %s".formatted(witness, shown(each), shown(inside)));
      }
      members.add(List.copyOf(inside));
    }
  }

  /** Returns the members after the last event, in the order in which they entered. */
  List<String> membersAtEnd() {
    return members.getLast();
  }

  /**
   * Demands that a member that was in the room from the beginning has received the same events,
   * except its own lines.
   *
   * @param isWhole whether it must have received all of them; otherwise it has left
   */
  void demandSame(String name, List<String> received, boolean isWhole) throws Broken {
    List<String> expected = from(0, name);
    if (!isPart(received, expected, isWhole)) {
      throw differs(name, received, expected);
    }
  }

  /**
   * Demands that a newcomer has received the list of members, and the same events since it entered,
   * except its own lines.
   *
   * @param received everything that it has received
   * @param isWhole whether it must have received all events; otherwise it has left
   */
  void demandSameSinceEntry(String name, List<String> received, boolean isWhole) throws Broken {
    int joined = events.indexOf("* %s joined".formatted(name));
    Matcher welcome = WELCOME.matcher(received.isEmpty() ? "" : received.getFirst());
    if (joined < 0 || !welcome.matches() || !welcome.group(1).equals(name)) {
      throw new Broken(
          "%s to be sent the list of members first, and to be announced".formatted(name),
          "it received: %s; %s received: %s"
              .formatted(first(received), witness, shown(String.join(", ", events))));
    }
    List<String> list = List.of((welcome.group(2) + " ").strip().split(" "));
    List<String> here = list.equals(List.of("")) ? List.of() : list;
    List<String> since = received.subList(1, received.size());
    // The program may tell the newcomer a moment before it tells the others.
    for (int i = joined; i >= 0; i--) {
      if (members.get(i).equals(here) && isPart(since, from(i, name), isWhole)) {
        return;
      }
    }
    if (!members.subList(0, joined + 1).contains(here)) {
      throw new Broken(
          "the list of members for %s, in the order in which they entered: %s"
              .formatted(name, shown(String.join(" ", members.get(joined)))),
          "it received: " + shown(String.join(" ", here)));
    }
    throw differs(name, since, from(joined, name));
  }

  /** Returns the events from an index on that the member with this name has to receive. */
  private List<String> from(int index, String name) {
    String own = name + ": ";
    String entry = "* %s joined".formatted(name);
    return events.subList(index, events.size()).stream()
        .filter(it -> !it.startsWith(own) && !it.equals(entry))
        .toList();
  }

  private static boolean isPart(List<String> received, List<String> expected, boolean isWhole) {
    return received.size() <= expected.size()
        && (!isWhole || received.size() == expected.size())
        && received.equals(expected.subList(0, received.size()));
  }

  private Broken differs(String name, List<String> received, List<String> expected) {
    int same = 0;
    while (same < Math.min(received.size(), expected.size())
        && received.get(same).equals(expected.get(same))) {
      same++;
    }
    return new Broken(
        ONE_ORDER,
        "after %d events %s received: %s; and %s received: %s"
            .formatted(same, name, next(received, same), witness, next(expected, same)));
  }

  private static String first(List<String> received) {
    return next(received, 0);
  }

  private static String next(List<String> received, int index) {
    return index < received.size() ? shown(received.get(index)) : "nothing";
  }

  private static String shown(Set<String> names) {
    return shown(String.join(" ", names));
  }

  static String shown(String line) {
    return line.length() <= SHOWN_LENGTH ? line : line.substring(0, SHOWN_LENGTH) + "…";
  }
}
