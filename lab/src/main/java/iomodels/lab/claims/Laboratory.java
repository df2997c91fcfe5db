package iomodels.lab.claims;

import iomodels.lab.Contestant;
import iomodels.lab.LoadException;
import iomodels.lab.Match;
import iomodels.lab.Match.Played;
import iomodels.lab.Match.Round;
import iomodels.lab.Servers;
import iomodels.lab.bench.IdleMemory;
import iomodels.lab.bench.Scenario;
import iomodels.lab.report.Chart;
import iomodels.lab.report.Chart.Axis;
import iomodels.lab.report.Chart.Mark;
import iomodels.lab.report.Chart.Point;
import iomodels.lab.report.Chart.Series;
import iomodels.lab.report.ServerResult.IdlePoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What experiments are made with. For use by one thread.
 *
 * @param servers starts them, where servers belong
 * @param match how long and how often loads are put on them
 * @param doing is told what is being done
 */
public record Laboratory(Supplier<Servers> servers, Match match, Consumer<String> doing) {

  /** Puts the same load on several servers, in turns. */
  Trial play(List<String> names, Scenario scenario)
      throws IOException, LoadException, InterruptedException {
    try (Servers started = servers.get()) {
      Map<String, Contestant> contestants = new LinkedHashMap<>();
      for (String name : names) {
        contestants.put(name, started.start(name, List.of()));
      }
      return play(contestants, scenario);
    }
  }

  /** What idle connections of a server weigh, by itself. */
  List<IdlePoint> weigh(String name, int connections)
      throws IOException, LoadException, InterruptedException {
    doing.accept("%s: %,d idle connections".formatted(name, connections));
    try (Servers started = servers.get()) {
      return IdleMemory.of(started.start(name, IdleMemory.JVM_FLAGS), connections, () -> {});
    }
  }

  /** A line for each server that was weighed. */
  static Chart chartOfMemory(Map<String, List<IdlePoint>> weighed) {
    List<Series> lines = new ArrayList<>();
    weighed.forEach(
        (name, points) ->
            lines.add(
                new Series(
                    name,
                    Mark.LINE,
                    points.stream()
                        .map(
                            it ->
                                Point.of(
                                    it.connections(),
                                    (it.processBytes() + it.heapBytes()) / (double) (1 << 20)))
                        .toList())));
    return new Chart(
        "Memory against idle connections, beside none",
        Axis.linear("connections"),
        Axis.linear("MiB"),
        lines);
  }

  /** The same of servers that run already. */
  Trial play(Map<String, Contestant> contestants, Scenario scenario)
      throws IOException, LoadException, InterruptedException {
    List<String> names = List.copyOf(contestants.keySet());
    List<Contestant> all = List.copyOf(contestants.values());
    doing.accept("%s: %s".formatted(scenario, String.join(", ", names)));
    int atATime = all.stream().mapToInt(Contestant::connections).min().orElseThrow();
    List<Played> played = match.play(all, it -> scenario.load(it.address(), atATime), () -> {});
    Map<String, List<Round>> rounds = new LinkedHashMap<>();
    List<String> failures = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      rounds.put(names.get(i), played.get(i).rounds());
      if (!played.get(i).failure().isEmpty()) {
        failures.add("%s: %s".formatted(names.get(i), played.get(i).failure()));
      }
    }
    if (!failures.isEmpty()) {
      throw new IOException(String.join("; ", failures));
    }
    if (rounds.values().stream().flatMap(List::stream).anyMatch(it -> it.cost().isEmpty())) {
      throw new IOException("there is no /proc to see by what a server takes");
    }
    return new Trial(rounds);
  }
}
