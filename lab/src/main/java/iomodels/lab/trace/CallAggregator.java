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
 * Merges consecutive calls, so that a trace is small enough to display. Consecutive polls without a
 * result are always merged: a polling server makes tens of thousands of them in a second. Other
 * calls are merged only if there are too many, and as little as possible: first repetitions of the
 * same call for the same client, then bursts of calls for the same client, close in time, with the
 * bookkeeping and short waits between them.
 */
final class CallAggregator {

  /** Number of calls in a file of about 80 KB. */
  static final int ENOUGH = 800;

  /** Longest pause between two polls that are merged, in microseconds. */
  private static final long BETWEEN_POLLS = 20_000;

  /** Limits, tried in turn, for the pause between the calls of a burst and for their waits. */
  private static final List<Long> SHORT = List.of(200L, 1_000L, 4_000L, 16_000L);

  /** Fewest calls of a burst: merging fewer saves little and hides details. */
  private static final int BURST = 5;

  /** Longest time of polling within a burst, in microseconds. */
  private static final long BRIEF_POLLING = 2_000;

  private CallAggregator() {}

  /**
   * Merges calls until there are few enough, if possible.
   *
   * @param enough the wanted number of calls, over all tracks
   */
  static List<Track> aggregate(List<Track> tracks, int enough) {
    List<Track> plain = each(tracks, 2, CallAggregator::arePolls);
    if (count(plain) <= enough) {
      return plain;
    }
    List<Track> merged =
        each(plain, BURST, (a, b) -> isSame(a, b) && isBurst(a, b, SHORT.getFirst()));
    for (long gap : SHORT) {
      if (count(merged) <= enough) {
        break;
      }
      merged = each(plain, BURST, (a, b) -> isBurst(a, b, gap));
    }
    return merged;
  }

  private static int count(List<Track> tracks) {
    return tracks.stream().mapToInt(it -> it.calls().size()).sum();
  }

  private static List<Track> each(List<Track> tracks, int least, BiPredicate<Call, Call> together) {
    return tracks.stream()
        .map(it -> new Track(it.name(), aggregate(it.calls(), least, together)))
        .toList();
  }

  /**
   * Merges runs of neighbouring calls that belong together and are for the same client. Polls
   * without a result are for any client.
   */
  private static List<Call> aggregate(
      List<Call> calls, int least, BiPredicate<Call, Call> together) {
    List<Call> merged = new ArrayList<>();
    List<Call> run = new ArrayList<>();
    String client = "";
    for (Call call : calls) {
      String served = call.kind() == Kind.ASK ? "" : call.client();
      boolean another = !served.isEmpty() && !client.isEmpty() && !served.equals(client);
      if (!run.isEmpty() && (another || !together.test(run.getLast(), call))) {
        merged.addAll(run.size() < least ? run : List.of(merge(run)));
        run.clear();
        client = "";
      }
      run.add(call);
      client = served.isEmpty() ? client : served;
    }
    merged.addAll(run.size() < least ? run : List.of(merge(run)));
    return merged;
  }

  private static boolean arePolls(Call a, Call b) {
    return a.kind() == Kind.ASK && b.kind() == Kind.ASK && b.start() - a.end() <= BETWEEN_POLLS;
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
      case ASK -> call.duration() <= Math.min(gap, BRIEF_POLLING);
    };
  }

  private static Call merge(List<Call> run) {
    Call first = run.getFirst();
    Set<String> names = names(run);
    boolean polls = kind(run) == Kind.ASK;
    Set<String> clients =
        run.stream()
            .filter(it -> polls || it.kind() != Kind.ASK)
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

  /** Names in order, without bookkeeping calls if there are others. */
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
    boolean oneWay =
        names(run).stream().noneMatch(SystemCalls.READS::contains)
            || names(run).stream().noneMatch(SystemCalls.WRITES::contains);
    if (in + out > 0 && !oneWay) {
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
        .filter(it -> it.kind() == Kind.COPY && SystemCalls.READS.contains(it.name()) == in)
        .mapToLong(it -> Long.parseLong(it.result()))
        .sum();
  }
}
