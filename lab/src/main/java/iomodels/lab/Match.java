package iomodels.lab;

import iomodels.lab.Contestant.Upstream;
import iomodels.meter.CostMeter;
import iomodels.meter.Costs;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The same load on several servers in turns, A B C A B C …: what the machine does to one round it
 * does to the next, so that ratios within a turn say something where the figures themselves do not.
 * All are warmed up before the first round that counts.
 *
 * @param warmUp how long to load each at least before its rounds count; it goes on, for three times
 *     as long at most, while it still gets better
 * @param round how long a round is; longer if no message is answered in that time
 * @param rounds how many count
 */
public record Match(Duration warmUp, Duration round, int rounds) {

  /**
   * A compiler that has not done its work makes the next round better than all before it. Noise
   * makes some rounds worse and some better, but not the next one, and the one after it, the best.
   */
  private static final double BETTER = 0.97;

  private static final int MAX_WARM_UPS = 3;

  /** How long a server is warmed up at most. */
  public Duration longestWarmUp() {
    return warmUp.multipliedBy(MAX_WARM_UPS);
  }

  /**
   * What one round of one server gave.
   *
   * @param load as the generator saw it
   * @param cost what it took; none where there is no {@code /proc} to measure processes by
   */
  public record Round(LoadResult load, Optional<Cost> cost) {}

  /**
   * What a round took.
   *
   * @param cpuMicrosPerMessage processor time of the server's processes, user and system
   * @param voluntarySwitches how often one of its threads waited, per message
   * @param involuntarySwitches how often one was interrupted, per message
   * @param threads how many it had
   * @param residentBytes the memory that it had in RAM
   */
  public record Cost(
      double cpuMicrosPerMessage,
      double voluntarySwitches,
      double involuntarySwitches,
      int threads,
      long residentBytes) {}

  /**
   * What came of one contestant.
   *
   * @param rounds those that counted
   * @param steady whether it had stopped getting better when they began
   * @param failure why there are not all rounds, or empty
   */
  public record Played(List<Round> rounds, boolean steady, String failure) {}

  /**
   * Plays it without loads before the measured one.
   *
   * @param load for each of them
   * @param progress told after each of {@code (rounds + 1) * contestants.size()} steps
   * @return what came of each contestant, in their order
   */
  public List<Played> play(
      List<Contestant> contestants, Function<Contestant, Load> load, Runnable progress)
      throws InterruptedException {
    return play(contestants, _ -> List.of(), load, progress);
  }

  /**
   * Plays it. Who fails drops out, and the others go on.
   *
   * @param before loads that each of them gets first, in this order, each on connections of its own
   *     and for as long as {@code warmUp}
   * @param load for each of them: the one that is measured
   * @param progress told after each of {@code (rounds + 1) * contestants.size()} steps
   * @return what came of each contestant, in their order
   */
  public List<Played> play(
      List<Contestant> contestants,
      Function<Contestant, List<Load>> before,
      Function<Contestant, Load> load,
      Runnable progress)
      throws InterruptedException {
    List<Lane> lanes = contestants.stream().map(Lane::new).toList();
    try {
      for (Lane lane : lanes) {
        lane.rest();
      }
      for (Lane lane : lanes) {
        lane.prepare(before.apply(lane.contestant), load.apply(lane.contestant));
        progress.run();
      }
      for (int i = 0; i < rounds; i++) {
        for (Lane lane : lanes) {
          lane.play();
          progress.run();
        }
      }
      return lanes.stream().map(Lane::played).toList();
    } finally {
      for (Lane lane : lanes) {
        lane.leave();
      }
    }
  }

  /** A server, the connections to it, and what came of them. */
  private final class Lane {

    private final Contestant contestant;
    private final List<Round> played = new ArrayList<>();
    private Optional<LoadGenerator> generator = Optional.empty();
    private boolean steady;
    private String failure = "";

    Lane(Contestant contestant) {
      this.contestant = contestant;
    }

    /** Lets nobody be disturbed by it. */
    void rest() throws InterruptedException {
      try {
        contestant.pause();
      } catch (IOException e) {
        fail(e);
      }
    }

    void prepare(List<Load> before, Load load) throws InterruptedException {
      if (!failure.isEmpty()) {
        return;
      }
      try {
        contestant.resume();
        for (Load each : before) {
          try (LoadGenerator earlier = LoadGenerator.connect(each)) {
            earlier.round(warmUp);
          }
        }
        LoadGenerator connected = LoadGenerator.connect(load);
        generator = Optional.of(connected);
        warmUp(connected);
      } catch (IOException | LoadException e) {
        fail(e);
      }
      rest();
    }

    void play() throws InterruptedException {
      if (!failure.isEmpty()) {
        return;
      }
      try {
        contestant.resume();
        played.add(measure(contestant, generator.orElseThrow()));
      } catch (IOException | LoadException e) {
        fail(e);
      }
      rest();
    }

    private void fail(Exception e) {
      failure = failure.isEmpty() ? String.valueOf(e.getMessage()) : failure;
      generator.ifPresent(LoadGenerator::close);
    }

    Played played() {
      return new Played(played, steady, failure);
    }

    void leave() throws InterruptedException {
      generator.ifPresent(LoadGenerator::close);
      try {
        contestant.resume();
      } catch (IOException _) {
        // It has ended.
      }
    }

    private void warmUp(LoadGenerator connected)
        throws IOException, LoadException, InterruptedException {
      long start = System.nanoTime();
      double best = Double.MAX_VALUE;
      int notBetter = 0;
      while (System.nanoTime() - start < longestWarmUp().toNanos()) {
        double dear = dear(measure(contestant, connected));
        notBetter = dear < BETTER * best ? 0 : notBetter + 1;
        best = Math.min(best, dear);
        steady = notBetter >= 2;
        if (steady && System.nanoTime() - start >= warmUp.toNanos()) {
          return;
        }
      }
    }
  }

  /** By what a warm-up is judged: what a message takes, in processor time or else in time. */
  private static double dear(Round round) {
    return round
        .cost()
        .map(Cost::cpuMicrosPerMessage)
        .orElseGet(() -> 1 / round.load().messagesPerSecond());
  }

  /**
   * A round, and a longer one if no reply was completed in it, as on a machine that is busy. It
   * comes to an end: the generator bears no longer silence than its load's patience.
   */
  private Round measure(Contestant contestant, LoadGenerator generator)
      throws IOException, LoadException, InterruptedException {
    Optional<Round> measured = Optional.empty();
    for (Duration time = round; measured.isEmpty(); time = time.multipliedBy(2)) {
      measured = measure(contestant, generator, time);
    }
    return measured.get();
  }

  private static Optional<Round> measure(
      Contestant contestant, LoadGenerator generator, Duration time)
      throws IOException, LoadException, InterruptedException {
    Optional<CostMeter> meter = CostMeter.of(contestant.process());
    if (meter.isEmpty()) {
      return Optional.of(load(contestant, generator, time))
          .filter(it -> it.messages() > 0)
          .map(it -> new Round(it, Optional.empty()));
    }
    Costs before = meter.get().now();
    Duration cpuBefore = meter.get().cpu();
    LoadResult result = load(contestant, generator, time);
    Duration cpu = meter.get().cpu().minus(cpuBefore);
    Costs costs = meter.get().now().since(before);
    if (result.messages() == 0) {
      return Optional.empty();
    }
    double messages = result.answered();
    return Optional.of(
        new Round(
            result,
            Optional.of(
                new Cost(
                    cpu.toNanos() / 1e3 / messages,
                    costs.voluntarySwitches() / messages,
                    costs.involuntarySwitches() / messages,
                    costs.threads(),
                    costs.residentBytes()))));
  }

  /** A round; the load is as busy as the upstream is, if the contestant has one. */
  private static LoadResult load(Contestant contestant, LoadGenerator generator, Duration time)
      throws IOException, LoadException, InterruptedException {
    Optional<CostMeter> upstream =
        contestant.upstream().map(Upstream::process).flatMap(CostMeter::of);
    if (upstream.isEmpty()) {
      return generator.round(time);
    }
    Duration cpuBefore = upstream.get().cpu();
    long start = System.nanoTime();
    LoadResult result = generator.round(time);
    double cpu = upstream.get().cpu().minus(cpuBefore).toNanos();
    double share = cpu / (System.nanoTime() - start);
    return result.withBusy(
        contestant.upstream().orElseThrow().besideLoad()
            ? result.busy() + share
            : Math.max(result.busy(), share));
  }
}
