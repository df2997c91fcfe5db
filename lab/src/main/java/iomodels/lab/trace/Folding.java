package iomodels.lab.trace;

import iomodels.lab.trace.Call.Kind;
import iomodels.lab.trace.Trace.Track;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Makes one call of many, so that a trace can be looked at. Calls in a row that all asked in vain
 * are always folded: a server that polls makes tens of thousands of them in a second. Others are
 * folded only where there are too many, and no more than need be: first the same call again and
 * again for the same client; then whole bursts of calls for the same client, close in time, with
 * what bookkeeping and what short waits lie between.
 */
final class Folding {

  /** What a file of 80 KB has room for. */
  static final int ENOUGH = 800;

  /** What may lie between two calls that asked in vain, or they belong to different occasions. */
  private static final long BETWEEN_QUESTIONS = 20_000;

  /** How far calls of a burst may lie apart, and how long each may have waited. */
  private static final List<Long> SHORT = List.of(200L, 1_000L, 4_000L, 16_000L);

  /** How many calls are a burst, at least: to fold fewer saves little, and hides a conversation. */
  private static final int BURST = 5;

  /** How long may be asked in vain within a burst, at most; or it is no burst any more. */
  private static final long BRIEFLY = 2_000;

  private static final Set<String> READS =
      Set.of("read", "readv", "recvfrom", "recvmsg", "recvmmsg");

  private Folding() {}

  /**
   * All tracks, with so many calls at most if that can be had.
   *
   * @param enough how many
   */
  static List<Track> fold(List<Track> tracks, int enough) {
    List<Track> plain = each(tracks, 2, Folding::areQuestions);
    if (count(plain) <= enough) {
      return plain;
    }
    List<Track> folded =
        each(plain, BURST, (a, b) -> isSame(a, b) && isBurst(a, b, SHORT.getFirst()));
    for (long gap : SHORT) {
      if (count(folded) <= enough) {
        break;
      }
      folded = each(plain, BURST, (a, b) -> isBurst(a, b, gap));
    }
    return folded;
  }

  private static int count(List<Track> tracks) {
    return tracks.stream().mapToInt(it -> it.calls().size()).sum();
  }

  private static List<Track> each(List<Track> tracks, int least, BiPredicate<Call, Call> together) {
    return tracks.stream()
        .map(it -> new Track(it.name(), fold(it.calls(), least, together)))
        .toList();
  }

  /**
   * Folds runs of neighbours that belong together, for the same client; whoever is asked in vain
   * meanwhile does not matter.
   */
  private static List<Call> fold(List<Call> calls, int least, BiPredicate<Call, Call> together) {
    List<Call> folded = new ArrayList<>();
    List<Call> run = new ArrayList<>();
    String client = "";
    for (Call call : calls) {
      String whose = call.kind() == Kind.ASK ? "" : call.client();
      boolean another = !whose.isEmpty() && !client.isEmpty() && !whose.equals(client);
      if (!run.isEmpty() && (another || !together.test(run.getLast(), call))) {
        folded.addAll(run.size() < least ? run : List.of(merge(run)));
        run.clear();
        client = "";
      }
      run.add(call);
      client = whose.isEmpty() ? client : whose;
    }
    folded.addAll(run.size() < least ? run : List.of(merge(run)));
    return folded;
  }

  private static boolean areQuestions(Call a, Call b) {
    return a.kind() == Kind.ASK && b.kind() == Kind.ASK && b.start() - a.end() <= BETWEEN_QUESTIONS;
  }

  private static boolean isSame(Call a, Call b) {
    return a.name().equals(b.name()) && a.kind() == b.kind() && a.client().equals(b.client());
  }

  private static boolean isBurst(Call a, Call b, long gap) {
    return b.start() - a.end() <= gap && isShort(a, gap) && isShort(b, gap);
  }

  private static boolean isShort(Call call, long gap) {
    return switch (call.kind()) {
      case COPY -> call.waited() <= gap;
      case OTHER -> true;
      case WAIT, PARK -> call.duration() <= gap;
      case ASK -> call.duration() <= Math.min(gap, BRIEFLY);
    };
  }

  private static Call merge(List<Call> run) {
    Call first = run.getFirst();
    Set<String> names = names(run);
    boolean questions = kind(run) == Kind.ASK;
    Set<String> clients =
        run.stream()
            .filter(it -> questions || it.kind() != Kind.ASK)
            .map(Call::client)
            .filter(it -> !it.isEmpty())
            .collect(Collectors.toCollection(LinkedHashSet::new));
    return new Call(
        first.start(),
        run.getLast().end() - first.start(),
        run.stream().mapToLong(Call::waited).sum(),
        String.join(", ", names),
        names.size() == 1 && clients.size() <= 1 ? arguments(run, names.iterator().next()) : "",
        result(run),
        kind(run),
        clients.size() == 1 ? clients.iterator().next() : "",
        run.stream().mapToInt(Call::times).sum());
  }

  private static String arguments(List<Call> run, String name) {
    return run.stream()
        .filter(it -> it.name().equals(name))
        .findFirst()
        .map(Call::arguments)
        .orElse("");
  }

  /** In their order, those that ask, wait and copy rather than bookkeeping, if there are any. */
  private static Set<String> names(List<Call> run) {
    boolean books = run.stream().allMatch(it -> it.kind() == Kind.OTHER);
    return run.stream()
        .filter(it -> books || it.kind() != Kind.OTHER)
        .flatMap(it -> Stream.of(it.name().split(", ", -1)))
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  private static Kind kind(List<Call> run) {
    for (Kind kind : List.of(Kind.COPY, Kind.WAIT, Kind.PARK, Kind.ASK)) {
      if (run.stream().anyMatch(it -> it.kind() == kind)) {
        return kind;
      }
    }
    return Kind.OTHER;
  }

  private static String result(List<Call> run) {
    long in = bytes(run, true);
    long out = bytes(run, false);
    if (in > 0 && out > 0) {
      return "%d in, %d out".formatted(in, out);
    }
    if (in + out > 0) {
      return String.valueOf(in + out);
    }
    Set<String> results = run.stream().map(Call::result).collect(Collectors.toSet());
    return results.size() == 1 ? results.iterator().next() : "";
  }

  private static long bytes(List<Call> run, boolean in) {
    return run.stream()
        .filter(it -> it.kind() == Kind.COPY && READS.contains(it.name()) == in)
        .mapToLong(it -> Long.parseLong(it.result()))
        .sum();
  }
}
