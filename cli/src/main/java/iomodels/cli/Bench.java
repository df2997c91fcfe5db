package iomodels.cli;

import iomodels.cli.Lineup.Entry;
import iomodels.lab.Contestant;
import iomodels.lab.IdleMemory;
import iomodels.lab.LoadException;
import iomodels.lab.LoadGenerator;
import iomodels.lab.Match;
import iomodels.lab.Match.Cost;
import iomodels.lab.Match.Round;
import iomodels.lab.Pinning;
import iomodels.lab.Spread;
import iomodels.lab.SystemCalls;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Measures one server after another, each beside C epoll, the common yardstick, beside its own
 * model in C, and beside C epoll a second time: how far two runs of the same program differ is how
 * far a difference between two others says nothing.
 *
 * @param scenario what is asked of them
 * @param match how long and how often
 * @param pinning where
 * @param jvmFlags for the models' JVMs
 * @param yardsticks whether there is something to measure against
 */
record Bench(
    Scenario scenario, Match match, Pinning pinning, List<String> jvmFlags, boolean yardsticks) {

  static final String COMMON = "epoll";

  /**
   * How many steps of progress the measuring of one server is, at most.
   *
   * @param crowd how many connections the scenario {@code idle} makes
   */
  long steps(int crowd) {
    return switch (scenario) {
      case IDLE -> 3L * crowd;
      case SYSCALLS -> 3;
      default -> 4L * (match.rounds() + 1);
    };
  }

  /**
   * One server as a multiple of another, round by round.
   *
   * @param cpu processor time per message; empty where there is no /proc
   * @param throughput messages per second
   * @param p50 the median latency
   * @param p99 what 99 of 100 messages took at most
   */
  record Ratio(Optional<Spread> cpu, Spread throughput, Spread p50, Spread p99) {

    static Ratio of(List<Round> mine, List<Round> other) {
      return new Ratio(
          ifMeasured(mine, () -> ratio(mine, other, cost(Cost::cpuMicrosPerMessage))),
          ratio(mine, other, it -> it.load().messagesPerSecond()),
          ratio(mine, other, it -> it.load().latency().p50().toNanos()),
          ratio(mine, other, it -> it.load().latency().p99().toNanos()));
    }

    private static Spread ratio(
        List<Round> mine, List<Round> other, ToDoubleFunction<Round> figure) {
      return Spread.of(
          IntStream.range(0, mine.size())
              .mapToDouble(
                  i -> figure.applyAsDouble(mine.get(i)) / figure.applyAsDouble(other.get(i))));
    }
  }

  /**
   * A server's own figures.
   *
   * @param cpuMicrosPerMessage empty where there is no /proc, as are the loader's share and the
   *     threads
   */
  record Own(
      Optional<Spread> cpuMicrosPerMessage,
      Spread messagesPerSecond,
      Spread p50Micros,
      Spread p99Micros,
      Spread p999Micros,
      Spread maxMicros,
      Spread leastServedShare,
      Spread loaderLag99Micros,
      Optional<Spread> loaderShare,
      Optional<Spread> threads) {

    static Own of(List<Round> rounds) {
      return new Own(
          ifMeasured(rounds, () -> spread(rounds, cost(Cost::cpuMicrosPerMessage))),
          spread(rounds, it -> it.load().messagesPerSecond()),
          spread(rounds, it -> it.load().latency().p50().toNanos() / 1e3),
          spread(rounds, it -> it.load().latency().p99().toNanos() / 1e3),
          spread(rounds, it -> it.load().latency().p999().toNanos() / 1e3),
          spread(rounds, it -> it.load().latency().max().toNanos() / 1e3),
          spread(rounds, it -> it.load().leastServedShare()),
          spread(rounds, it -> it.load().lag99().toNanos() / 1e3),
          ifMeasured(rounds, () -> spread(rounds, cost(Cost::loaderShare))),
          ifMeasured(rounds, () -> spread(rounds, cost(Cost::threads))));
    }

    private static Spread spread(List<Round> rounds, ToDoubleFunction<Round> figure) {
      return Spread.of(rounds.stream().mapToDouble(figure));
    }
  }

  private static Optional<Spread> ifMeasured(List<Round> rounds, Supplier<Spread> figure) {
    return rounds.getFirst().cost().map(_ -> figure.get());
  }

  private static ToDoubleFunction<Round> cost(ToDoubleFunction<Cost> figure) {
    return round -> figure.applyAsDouble(round.cost().orElseThrow());
  }

  /**
   * What a load found.
   *
   * @param server its name, with the transport that it ran on, if it has a choice
   * @param connections how many there were, to each server of this match
   * @param toCommon beside C epoll
   * @param toTwin beside the same model in C
   * @param withoutTwin why there is no such figure, if there was to be one
   * @param common C epoll beside a second C epoll
   */
  record Loaded(
      String server,
      int connections,
      Own own,
      Optional<Ratio> toCommon,
      Optional<Ratio> toTwin,
      String withoutTwin,
      Optional<Ratio> common) {}

  Loaded load(Entry entry, Runnable progress)
      throws IOException, LoadException, InterruptedException {
    try (Lineup lineup = new Lineup(pinning, jvmFlags)) {
      List<Contestant> contestants = new ArrayList<>();
      contestants.add(lineup.start(entry));
      OptionalInt twin = OptionalInt.empty();
      String withoutTwin = "";
      if (yardsticks) {
        contestants.add(lineup.yardstick(COMMON));
        twin = OptionalInt.of(1);
        if (!entry.twin().equals(COMMON)) {
          try {
            contestants.add(lineup.yardstick(entry.twin()));
            twin = OptionalInt.of(2);
          } catch (IOException e) {
            twin = OptionalInt.empty();
            withoutTwin = String.valueOf(e.getMessage());
          }
        }
        contestants.add(lineup.yardstick(COMMON));
      }
      int atATime = contestants.stream().mapToInt(Contestant::connections).min().orElseThrow();
      List<List<Round>> all =
          match.play(contestants, it -> scenario.load(it.address(), atATime), progress);
      List<Round> mine = all.getFirst();
      return new Loaded(
          contestants.getFirst().name(),
          Math.min(scenario.connections(), atATime),
          Own.of(mine),
          yardsticks ? Optional.of(Ratio.of(mine, all.get(1))) : Optional.empty(),
          twin.isPresent()
              ? Optional.of(Ratio.of(mine, all.get(twin.getAsInt())))
              : Optional.empty(),
          withoutTwin,
          yardsticks ? Optional.of(Ratio.of(all.getLast(), all.get(1))) : Optional.empty());
    }
  }

  IdleMemory idle(Entry entry, int size, Runnable progress)
      throws IOException, LoadException, InterruptedException {
    List<String> flags = new ArrayList<>(IdleMemory.JVM_FLAGS);
    flags.addAll(jvmFlags);
    try (Lineup lineup = new Lineup(pinning, flags)) {
      Contestant contestant = lineup.start(entry);
      if (contestant.connections() < size) {
        throw new IOException(
            "it serves %,d clients at a time at most".formatted(contestant.connections()));
      }
      return IdleMemory.of(contestant, size, entry.model().isPresent(), progress);
    }
  }

  Map<String, Double> systemCalls(Entry entry)
      throws IOException, LoadException, InterruptedException {
    try (Lineup lineup = new Lineup(pinning, jvmFlags)) {
      Contestant contestant = lineup.start(entry);
      try (LoadGenerator generator =
          LoadGenerator.connect(scenario.load(contestant.address(), contestant.connections()))) {
        generator.round(match.round());
        return SystemCalls.perMessage(contestant.process(), generator, match.round());
      }
    }
  }
}
