package iomodels.conformance.rules;

import static java.util.stream.Collectors.joining;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The members of a chat room, which enter in bursts: the newcomers of a burst send their names at
 * the same time, and enter in any order. All members must be told the same order. A burst costs
 * less than newcomers that come one by one, since a program can write several announcements at
 * once.
 */
final class Crowd {

  private static final Pattern JOINED = Pattern.compile("\\* (\\S+) joined");

  private final TestContext context;
  private final Instance room;

  /** The members, in the order in which they entered. */
  private final List<Peer> members = new ArrayList<>();

  /** The names of the members, each after a blank. */
  private final StringBuilder names = new StringBuilder();

  /** The length of the list of names before each member entered. */
  private final List<Integer> lengths = new ArrayList<>();

  /** Creates a crowd of one member. */
  Crowd(TestContext context, Instance room, String first) throws Broken, IOException {
    this.context = context;
    this.room = room;
    add(first, Section13Chat.member(context, room, first));
  }

  private void add(String name, Peer peer) {
    lengths.add(names.length());
    names.append(' ').append(name);
    members.add(peer);
  }

  /** Returns the members, in the order in which they entered. */
  List<Peer> members() {
    return List.copyOf(members);
  }

  /** Adds members in bursts of this size, until there are so many; the last one enters alone. */
  void growTo(int size, int burst) throws Broken, IOException {
    while (members.size() < size) {
      int before = members.size();
      try {
        enter(Math.min(burst, Math.max(1, size - 1 - before)));
      } catch (Broken e) {
        throw e.at("newcomers to a room of %,d".formatted(before));
      }
    }
  }

  /** A client that has sent its name, and has received a line. */
  private record Newcomer(String name, Peer peer, String welcome) {}

  /** Adds a burst of members. Afterwards all members have read what they were told. */
  private void enter(int burst) throws Broken, IOException {
    int before = members.size();
    List<Peer> peers = new ArrayList<>();
    for (int i = 0; i < burst; i++) {
      peers.add(context.connect(room));
    }
    for (int i = 0; i < burst; i++) {
      peers.get(i).send("m%d\n".formatted(before + i));
    }
    Map<String, Newcomer> entering = new HashMap<>();
    for (int i = 0; i < burst; i++) {
      String name = "m%d".formatted(before + i);
      entering.put(name, new Newcomer(name, peers.get(i), peers.get(i).line()));
    }
    List<Newcomer> entered = new ArrayList<>();
    for (int i = 0; i < burst; i++) {
      String line = members.getFirst().line();
      Matcher joined = JOINED.matcher(line);
      Newcomer newcomer =
          Optional.ofNullable(entering.remove(joined.matches() ? joined.group(1) : ""))
              .orElseThrow(() -> new Broken("each newcomer to be announced, once", "got " + line));
      add(newcomer.name, newcomer.peer);
      entered.add(newcomer);
    }
    String announcements = announcements(entered, 0, burst);
    for (Peer each : members.subList(1, before)) {
      each.expect(announcements);
    }
    for (int i = 0; i < burst; i++) {
      entered.get(i).peer.expect(announcements(entered, known(entered.get(i), before, i), i));
    }
  }

  /** Returns the announcements from an index on, without the one of the reader itself. */
  private static String announcements(List<Newcomer> entered, int from, int reader) {
    return IntStream.range(from, entered.size())
        .filter(it -> it != reader)
        .mapToObj(it -> "* %s joined\n".formatted(entered.get(it).name))
        .collect(joining());
  }

  /**
   * Returns how many newcomers of a burst are in the list of one of them. The program may make the
   * list a moment before the member enters; then it announces the others to the member.
   */
  private int known(Newcomer newcomer, int before, int index) throws Broken {
    for (int i = index; i > 0; i--) {
      if (newcomer.welcome.equals(welcome(newcomer.name, before + i))) {
        return i;
      }
    }
    Section13Chat.demand(welcome(newcomer.name, before), newcomer.welcome);
    return 0;
  }

  private String welcome(String name, int inside) {
    return "* you are %s; here:%s".formatted(name, names.substring(0, lengths.get(inside)));
  }
}
