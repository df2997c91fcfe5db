package iomodels.site;

import static java.util.Comparator.comparingLong;

import iomodels.site.Recorded.Trace;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * Facts from the recordings, which answer the questions of lessons. A fact is a word or a number:
 *
 * <ul>
 *   <li>{@code verdict SERVER RULE}: {@code KEPT}, {@code BROKEN} or {@code SKIPPED}
 *   <li>{@code trace SERVER calls NAME} and {@code trace SERVER kind KIND}: the number of calls
 *   <li>{@code ratio SERVER calls NAME OTHER calls NAME}: one such number divided by another
 *   <li>{@code share SERVER KIND}: the calls of a kind, in percent of all calls
 *   <li>{@code threads SERVER}: the number of threads that copy bytes of clients
 *   <li>{@code waits-in SERVER} and {@code waits-in SERVER CLIENT}: the call that waits longest in
 *       total, for a client or for whatever comes
 *   <li>{@code reply SERVER CLIENT OTHER}: {@code refused}, {@code reset}, {@code never}, {@code
 *       before} or {@code after}: when a client gets its first reply, compared with the end of
 *       another client
 * </ul>
 */
final class Facts {

  /** Indexes of columns in the format of traces. */
  private static final int WAITED = 2;

  private static final int CALL = 3;
  private static final int KIND = 6;
  private static final int CLIENT = 7;

  private final Recorded recorded;

  Facts(Recorded recorded) {
    this.recorded = recorded;
  }

  /**
   * Returns a fact; empty if its recording is missing.
   *
   * @throws IllegalArgumentException if there is no such kind of fact, or an argument is missing
   */
  Optional<String> of(String fact) {
    List<String> words = List.of(fact.split(" "));
    int arguments = words.size() - 1;
    String server = arguments > 0 ? words.get(1) : "";
    return switch (words.getFirst() + " " + arguments) {
      case "verdict 2" -> verdict(server, words.get(2));
      case "trace 3" -> count(words.subList(1, 4)).map(Facts::written);
      case "ratio 6" ->
          count(words.subList(1, 4))
              .flatMap(one -> count(words.subList(4, 7)).map(other -> written(one / other)));
      case "share 2" ->
          trace(server).map(it -> written(100.0 * it.ofKind(words.get(2)) / it.calls()));
      case "threads 1" -> trace(server).map(Facts::threads);
      case "waits-in 1" -> trace(server).map(it -> waitsIn(it, ""));
      case "waits-in 2" -> trace(server).map(it -> waitsIn(it, words.get(2)));
      case "reply 3" -> trace(server).map(it -> reply(it, words.get(2), words.get(3)));
      default -> throw new IllegalArgumentException("unknown fact '%s'".formatted(fact));
    };
  }

  private static String written(double number) {
    return String.format(Locale.ROOT, "%.2f", number);
  }

  private Optional<Trace> trace(String server) {
    return recorded.trace(Implementation.file(server)).filter(it -> it.json().isPresent());
  }

  private Optional<String> verdict(String server, String rule) {
    return Optional.of(recorded.verdict(Implementation.file(server), rule))
        .filter(it -> !it.isEmpty());
  }

  private Optional<Double> count(List<String> what) {
    return trace(what.getFirst())
        .map(it -> what.get(1).equals("kind") ? it.ofKind(what.get(2)) : it.calls(what.get(2)))
        .map(Long::doubleValue);
  }

  private static String threads(Trace trace) {
    Set<String> threads = new HashSet<>();
    for (JsonNode thread : trace.json().orElseThrow().path("threads")) {
      for (JsonNode call : thread.path("calls")) {
        if (text(call, KIND).equals("copy") && !text(call, CLIENT).isEmpty()) {
          threads.add(thread.path("name").asString(""));
        }
      }
    }
    return String.valueOf(threads.size());
  }

  /** A parked thread waits for another thread, and not for a client. */
  private static String waitsIn(Trace trace, String client) {
    Map<String, Long> waited = new HashMap<>();
    for (JsonNode thread : trace.json().orElseThrow().path("threads")) {
      for (JsonNode call : thread.path("calls")) {
        if (!text(call, KIND).equals("park")
            && (client.isEmpty() || text(call, CLIENT).equals(client))) {
          waited.merge(text(call, CALL), call.path(WAITED).asLong(0), Long::sum);
        }
      }
    }
    return waited.entrySet().stream()
        .max(comparingLong(Map.Entry::getValue))
        .map(Map.Entry::getKey)
        .orElse("");
  }

  private static String reply(Trace trace, String client, String other) {
    List<Long> received = times(trace, client, "receive");
    List<Long> ended = times(trace, other, "end");
    if (times(trace, client, "connect").isEmpty()) {
      return "refused";
    }
    if (received.isEmpty()) {
      return times(trace, client, "reset").isEmpty() ? "never" : "reset";
    }
    boolean after = !ended.isEmpty() && received.getFirst() > ended.getFirst();
    return after ? "after" : "before";
  }

  private static List<Long> times(Trace trace, String client, String kind) {
    List<Long> times = new ArrayList<>();
    for (JsonNode each : trace.json().orElseThrow().path("clients")) {
      if (each.path("name").asString("").equals(client)) {
        for (JsonNode event : each.path("events")) {
          if (event.path(1).asString("").equals(kind)) {
            times.add(event.path(0).asLong());
          }
        }
      }
    }
    return times;
  }

  private static String text(JsonNode call, int column) {
    return call.path(column).asString("");
  }
}
