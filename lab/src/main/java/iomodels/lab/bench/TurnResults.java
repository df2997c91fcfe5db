package iomodels.lab.bench;

import iomodels.lab.bench.InterleavedRun.Cost;
import iomodels.lab.bench.InterleavedRun.Round;
import iomodels.lab.bench.InterleavedRun.RunResult;
import iomodels.lab.report.Caveat;
import iomodels.lab.report.LoadFigures;
import iomodels.lab.report.LoadFigures.Ratio;
import iomodels.lab.report.ServerResult;
import iomodels.lab.report.Spread;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * The results of servers that were measured in the same turns.
 *
 * @param connections how many each server had
 * @param common name of the server that all are compared with, which is first and last in {@code
 *     servers}; if empty, there are no ratios
 * @param servers in the order in which they took turns
 */
record TurnResults(
    Scenario scenario, int connections, Optional<String> common, List<MeasuredServer> servers) {

  /**
   * An attempt to start a server.
   *
   * @param server empty if it did not start
   * @param failure why it did not start, or empty
   */
  record StartAttempt(String name, Optional<ServerUnderTest> server, String failure) {}

  /**
   * A server that took part.
   *
   * @param server its name with the transport that it used
   */
  record MeasuredServer(String name, String server, RunResult result) {

    Optional<List<Round>> rounds() {
      return result.failure().isEmpty() ? Optional.of(result.rounds()) : Optional.empty();
    }
  }

  /**
   * Combines attempts and results: a server that did not start has a result without rounds.
   *
   * @param results of the servers that started, in the same order
   */
  static List<MeasuredServer> combine(List<StartAttempt> attempts, List<RunResult> results) {
    Iterator<RunResult> next = results.iterator();
    List<MeasuredServer> all = new ArrayList<>();
    for (StartAttempt attempt : attempts) {
      String name = attempt.name();
      all.add(
          attempt.server().isPresent()
              ? new MeasuredServer(name, attempt.server().get().name(), next.next())
              : new MeasuredServer(name, name, new RunResult(List.of(), false, attempt.failure())));
    }
    return all;
  }

  ServerResult result(ServerSpec spec, String twin, Set<Caveat> judged) {
    // The common yardstick is in its own turns twice more: its row is the one in the middle.
    MeasuredServer mine =
        servers.stream()
            .filter(it -> it.name().equals(spec.name()))
            .skip(common.filter(spec.name()::equals).isPresent() ? 1 : 0)
            .findFirst()
            .orElseThrow();
    Optional<LoadFigures> figures = mine.rounds().map(it -> figures(it, twin));
    Set<Caveat> caveats = EnumSet.noneOf(Caveat.class);
    figures.ifPresent(
        it -> {
          caveats.addAll(judged);
          caveats.addAll(
              Caveats.of(it, mine.result().steady(), scenario.isOpenLoop(), carried(mine)));
        });
    return new ServerResult(
        spec.name(),
        mine.server(),
        twin,
        figures,
        Optional.empty(),
        Optional.empty(),
        List.copyOf(caveats),
        "",
        mine.result().failure());
  }

  /** In an open loop: the share of the offered messages that were answered, at any time. */
  private double carried(MeasuredServer server) {
    return scenario.isOpenLoop()
        ? Figures.spread(
                server.result().rounds(), it -> Figures.carriedShare(it.load(), scenario.rate()))
            .median()
        : 1;
  }

  private LoadFigures figures(List<Round> rounds, String twin) {
    Optional<List<Round>> first = common.flatMap(this::yardstick);
    Optional<List<Round>> second = common.flatMap(_ -> servers.getLast().rounds());
    Optional<List<Round>> its = yardstick(twin);
    int inFlight = scenario.inFlight(connections);
    return new LoadFigures(
        connections,
        Figures.spread(rounds, it -> it.load().messagesPerSecond()),
        Figures.cost(rounds, Cost::cpuMicrosPerMessage),
        switches(rounds, Cost::voluntarySwitches),
        switches(rounds, Cost::involuntarySwitches),
        Figures.cost(rounds, Cost::threads),
        Figures.cost(rounds, Cost::residentBytes),
        Figures.spread(rounds, it -> it.load().busy()),
        Figures.spread(rounds, it -> it.load().lag99().toNanos() / 1e3),
        Figures.spread(rounds, it -> it.load().leastServedShare()),
        Figures.spread(rounds, it -> Figures.lostShare(it.load())),
        scenario.isOpenLoop()
                || scenario == Scenario.CHURN // Closing belongs to no latency.
                || scenario == Scenario.HTTP_TICKER // Nothing is in flight.
            ? Optional.empty()
            : Optional.of(Figures.spread(rounds, it -> Figures.littlesLaw(it.load(), inFlight))),
        Figures.latencies(rounds),
        Figures.uncorrected(rounds),
        first.map(it -> Figures.ratio(rounds, it)),
        its.map(it -> Figures.ratio(rounds, it)),
        twinFailure(twin),
        ratio(second, first),
        first.flatMap(
            it -> second.flatMap(other -> Figures.cpuRatios(other, it)).map(Caveats::noiseFloor)));
  }

  /** The kernel forgets the switches of threads that have ended, as those of churn may have. */
  private Optional<Spread> switches(List<Round> rounds, ToDoubleFunction<Cost> figure) {
    return scenario == Scenario.CHURN ? Optional.empty() : Figures.cost(rounds, figure);
  }

  private static Optional<Ratio> ratio(Optional<List<Round>> of, Optional<List<Round>> to) {
    return of.flatMap(it -> to.map(other -> Figures.ratio(it, other)));
  }

  private Optional<List<Round>> yardstick(String name) {
    return servers.stream()
        .filter(it -> it.name().equals(name))
        .findFirst()
        .flatMap(MeasuredServer::rounds);
  }

  private String twinFailure(String twin) {
    return servers.stream()
        .filter(it -> it.name().equals(twin))
        .findFirst()
        .map(it -> it.result().failure())
        .orElse("");
  }
}
