package iomodels.lab.bench;

import iomodels.lab.Contestant;
import iomodels.lab.Match.Cost;
import iomodels.lab.Match.Played;
import iomodels.lab.Match.Round;
import iomodels.lab.Spread;
import iomodels.lab.report.LoadFigures;
import iomodels.lab.report.LoadFigures.Ratio;
import iomodels.lab.report.ServerResult;
import iomodels.lab.report.Stamp;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * What came of servers that took turns.
 *
 * @param connections how many each had
 * @param common the name of what all are measured beside, which is first and last in {@code lanes};
 *     if there is nothing, ratios are empty
 * @param lanes each with its rounds
 */
record Turns(Scenario scenario, int connections, Optional<String> common, List<PlayedLane> lanes) {

  /** A server that was to take part; without a contestant it did not come up. */
  record Lane(String name, Optional<Contestant> contestant, String failure) {}

  /** One that took part, and how. */
  record PlayedLane(String name, String server, Played played) {

    Optional<List<Round>> rounds() {
      return played.failure().isEmpty() ? Optional.of(played.rounds()) : Optional.empty();
    }
  }

  /** Gives each lane what its contestant played, in the same order. */
  static List<PlayedLane> assign(List<Lane> lanes, List<Played> played) {
    Iterator<Played> next = played.iterator();
    List<PlayedLane> all = new ArrayList<>();
    for (Lane lane : lanes) {
      all.add(
          lane.contestant().isPresent()
              ? new PlayedLane(lane.name(), lane.contestant().get().name(), next.next())
              : new PlayedLane(
                  lane.name(), lane.name(), new Played(List.of(), false, lane.failure())));
    }
    return all;
  }

  ServerResult result(Candidate candidate, String twin, Set<Stamp> judged) {
    // A yardstick may stand in its own turns more than once: then it is the one in the middle.
    PlayedLane mine =
        lanes.stream()
            .filter(it -> it.name().equals(candidate.name()))
            .skip(common.filter(candidate.name()::equals).isPresent() ? 1 : 0)
            .findFirst()
            .orElseThrow();
    Optional<LoadFigures> figures = mine.rounds().map(it -> figures(it, twin));
    Set<Stamp> stamps = EnumSet.noneOf(Stamp.class);
    figures.ifPresent(
        it -> {
          stamps.addAll(judged);
          stamps.addAll(
              Stamps.of(it, mine.played().steady(), scenario.isOpenLoop(), carried(mine)));
        });
    return new ServerResult(
        candidate.name(),
        mine.server(),
        twin,
        figures,
        Optional.empty(),
        Optional.empty(),
        List.copyOf(stamps),
        "",
        mine.played().failure());
  }

  /** Of what was offered, in an open loop: the share that was answered, whenever that was. */
  private double carried(PlayedLane lane) {
    return scenario.isOpenLoop()
        ? Figures.spread(
                lane.played().rounds(), it -> Figures.carriedShare(it.load(), scenario.rate()))
            .median()
        : 1;
  }

  private LoadFigures figures(List<Round> rounds, String twin) {
    Optional<List<Round>> first = common.flatMap(this::yardstick);
    Optional<List<Round>> second = common.flatMap(_ -> lanes.getLast().rounds());
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
        scenario.isOpenLoop() || scenario == Scenario.CHURN // Closing is no message's time.
            ? Optional.empty()
            : Optional.of(Figures.spread(rounds, it -> Figures.littlesLaw(it.load(), inFlight))),
        Figures.latencies(rounds),
        Figures.uncorrected(rounds),
        first.map(it -> Figures.ratio(rounds, it)),
        its.map(it -> Figures.ratio(rounds, it)),
        twinFailure(twin),
        ratio(second, first),
        first.flatMap(
            it -> second.flatMap(other -> Figures.cpuRatios(other, it)).map(Stamps::noiseFloor)));
  }

  /** Of threads that have ended the kernel tells none, and those of short connections may have. */
  private Optional<Spread> switches(List<Round> rounds, ToDoubleFunction<Cost> figure) {
    return scenario == Scenario.CHURN ? Optional.empty() : Figures.cost(rounds, figure);
  }

  private static Optional<Ratio> ratio(Optional<List<Round>> of, Optional<List<Round>> to) {
    return of.flatMap(it -> to.map(other -> Figures.ratio(it, other)));
  }

  private Optional<List<Round>> yardstick(String name) {
    return lanes.stream()
        .filter(it -> it.name().equals(name))
        .findFirst()
        .flatMap(PlayedLane::rounds);
  }

  private String twinFailure(String twin) {
    return lanes.stream()
        .filter(it -> it.name().equals(twin))
        .findFirst()
        .map(it -> it.played().failure())
        .orElse("");
  }
}
