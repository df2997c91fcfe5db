package iomodels.lab.claims;

import iomodels.lab.bench.IdleMemory;
import iomodels.lab.bench.InterleavedRun;
import iomodels.lab.bench.InterleavedRun.Round;
import iomodels.lab.bench.InterleavedRun.RunResult;
import iomodels.lab.bench.Scenario;
import iomodels.lab.bench.ServerUnderTest;
import iomodels.lab.bench.Servers;
import iomodels.lab.load.IdleClients;
import iomodels.lab.load.LoadException;
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
 * The tools of the experiments. For use by one thread.
 *
 * @param servers starts servers
 * @param interleaved length and number of the rounds of a load
 * @param doing receives a line of progress
 */
public record Laboratory(
    Supplier<Servers> servers, InterleavedRun interleaved, Consumer<String> doing) {

  /** Clients for measuring memory; many, because a JVM's first thousands of threads cost more. */
  static final int IDLE_CLIENTS = Scenario.IDLE.connections();

  /** Starts servers and puts the same load on them, in turns. */
  InterleavedResults measure(List<String> names, Scenario scenario)
      throws IOException, LoadException, InterruptedException {
    try (Servers started = servers.get()) {
      Map<String, ServerUnderTest> running = new LinkedHashMap<>();
      for (String name : names) {
        running.put(name, started.start(name, List.of()));
      }
      return measure(running, scenario);
    }
  }

  /** Measures the memory of a server's idle connections, without other servers running. */
  List<IdlePoint> measureMemory(String name, int connections)
      throws IOException, LoadException, InterruptedException {
    doing.accept("%s: %,d idle connections".formatted(name, connections));
    try (Servers started = servers.get()) {
      ServerUnderTest server = started.start(name, IdleMemory.JVM_FLAGS);
      try (IdleClients clients = new IdleClients(server.address())) {
        return IdleMemory.of(server, clients, connections, () -> {});
      }
    }
  }

  /** Draws a line for each server. */
  static Chart chartOfMemory(Map<String, List<IdlePoint>> memory) {
    List<Series> lines = new ArrayList<>();
    memory.forEach(
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
        "Memory by number of idle connections, compared with none",
        Axis.linear("connections"),
        Axis.linear("MiB"),
        lines);
  }

  /** Puts the same load on running servers, in turns. */
  InterleavedResults measure(Map<String, ServerUnderTest> running, Scenario scenario)
      throws IOException, LoadException, InterruptedException {
    List<String> names = List.copyOf(running.keySet());
    List<ServerUnderTest> all = List.copyOf(running.values());
    doing.accept("%s: %s".formatted(scenario, String.join(", ", names)));
    int atATime = all.stream().mapToInt(ServerUnderTest::connections).min().orElseThrow();
    List<RunResult> measured =
        interleaved.measure(all, it -> scenario.load(it.address(), atATime), () -> {});
    Map<String, List<Round>> rounds = new LinkedHashMap<>();
    List<String> failures = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      rounds.put(names.get(i), measured.get(i).rounds());
      if (!measured.get(i).failure().isEmpty()) {
        failures.add("%s: %s".formatted(names.get(i), measured.get(i).failure()));
      }
    }
    if (!failures.isEmpty()) {
      throw new IOException(String.join("; ", failures));
    }
    if (rounds.values().stream().flatMap(List::stream).anyMatch(it -> it.cost().isEmpty())) {
      throw new IOException(ServerUnderTest.NO_PROC);
    }
    return new InterleavedResults(rounds);
  }
}
