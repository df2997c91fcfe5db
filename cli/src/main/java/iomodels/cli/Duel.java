package iomodels.cli;

import iomodels.conformance.targets.ModelTarget;
import iomodels.lab.Load;
import iomodels.lab.LoadException;
import iomodels.lab.LoadGenerator;
import iomodels.lab.LoadResult;
import iomodels.lab.Spread;
import iomodels.meter.CostMeter;
import iomodels.meter.Costs;
import iomodels.service.Services;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * A short load on two servers in turns, A B A B …: what the machine does to one round it does to
 * the next, so that the ratio says something where the figures themselves do not.
 */
final class Duel {

  static final int ROUNDS = 5;
  static final int CONNECTIONS = 50;
  static final int MESSAGE_BYTES = 64;

  private static final Duration ROUND = Duration.ofMillis(250);

  /** Two rounds that differ by less are taken for a compiler that has done its work. */
  private static final double STEADY = 0.1;

  private static final int MIN_WARM_UP = 3;
  private static final int MAX_WARM_UP = 8;

  private Duel() {}

  /**
   * What came of it, for the first of the two.
   *
   * @param connections how many there were, on either side
   * @param throughputRatio its messages per second as a multiple of the second's, round by round
   * @param cpuRatio its processor time per message over all rounds, likewise; empty where there is
   *     no /proc
   * @param messagesPerSecond its own
   * @param cpuMicrosPerMessage its own, over all rounds; empty where there is no /proc
   * @param p50Micros the median latency
   * @param p99Micros what 99 of 100 messages took at most
   * @param threads how many its process had under the load; empty where there is no /proc
   */
  record Result(
      int connections,
      Spread throughputRatio,
      Optional<Double> cpuRatio,
      Spread messagesPerSecond,
      Optional<Double> cpuMicrosPerMessage,
      Spread p50Micros,
      Spread p99Micros,
      Optional<Integer> threads) {}

  /** One round of each. */
  private record Round(LoadResult mine, LoadResult other) {}

  /** Lets both serve the same load, in turns. */
  static Result between(
      ModelTarget target, ModelTarget yardstick, boolean concurrent, Runnable progress)
      throws IOException, LoadException, InterruptedException {
    int connections = concurrent ? CONNECTIONS : 1;
    try (LoadGenerator mine = connect(target, connections);
        LoadGenerator other = connect(yardstick, connections)) {
      warmUp(mine);
      warmUp(other);
      Optional<CostMeter> myMeter = CostMeter.of(target.process());
      Optional<CostMeter> otherMeter = CostMeter.of(yardstick.process());
      Optional<Costs> myStart = now(myMeter);
      Optional<Costs> otherStart = now(otherMeter);
      List<Round> rounds = new ArrayList<>();
      for (int i = 0; i < ROUNDS; i++) {
        rounds.add(new Round(mine.round(ROUND), other.round(ROUND)));
        progress.run();
      }
      Optional<Costs> myEnd = now(myMeter);
      // The kernel counts in ticks of 10 ms: too coarse for a round, and fine for all of them. A
      // server that is not being loaded meanwhile costs nothing.
      Optional<Double> myCpu = cpuMicros(rounds, Round::mine, myStart, myEnd);
      Optional<Double> otherCpu = cpuMicros(rounds, Round::other, otherStart, now(otherMeter));
      return new Result(
          connections,
          spread(rounds, it -> it.mine().messagesPerSecond() / it.other().messagesPerSecond()),
          myCpu.flatMap(micros -> otherCpu.map(others -> micros / others)),
          spread(rounds, it -> it.mine().messagesPerSecond()),
          myCpu,
          spread(rounds, it -> it.mine().latency().p50().toNanos() / 1e3),
          spread(rounds, it -> it.mine().latency().p99().toNanos() / 1e3),
          myEnd.map(Costs::threads));
    }
  }

  private static Spread spread(List<Round> rounds, ToDoubleFunction<Round> figure) {
    return Spread.of(rounds.stream().mapToDouble(figure));
  }

  private static void warmUp(LoadGenerator generator) throws LoadException, InterruptedException {
    double before = 0;
    for (int i = 1; i <= MAX_WARM_UP; i++) {
      double now = generator.round(ROUND).messagesPerSecond();
      if (i >= MIN_WARM_UP && Math.abs(now / before - 1) < STEADY) {
        return;
      }
      before = now;
    }
  }

  private static LoadGenerator connect(ModelTarget target, int connections)
      throws IOException, LoadException, InterruptedException {
    return LoadGenerator.connect(
        Load.of(target.shared(Services.UPPER), connections, MESSAGE_BYTES));
  }

  private static Optional<Costs> now(Optional<CostMeter> meter) throws IOException {
    return meter.isEmpty() ? Optional.empty() : Optional.of(meter.get().now());
  }

  private static Optional<Double> cpuMicros(
      List<Round> rounds,
      Function<Round, LoadResult> side,
      Optional<Costs> start,
      Optional<Costs> end) {
    long messages = rounds.stream().map(side).mapToLong(LoadResult::messages).sum();
    return start.flatMap(
        before -> end.map(after -> after.since(before).cpu().toNanos() / 1e3 / messages));
  }
}
