package iomodels.lab;

import iomodels.meter.CostMeter;
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
 *     as long at most, until two of its rounds agree
 * @param round how long a round is; longer if no message is answered in that time
 * @param rounds how many count
 */
public record Match(Duration warmUp, Duration round, int rounds) {

  /** Two rounds that differ by less are taken for a compiler that has done its work. */
  private static final double STEADY = 0.05;

  private static final int MAX_WARM_UPS = 3;

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
   * @param cpuMicrosPerMessage processor time of the server's process, user and system
   * @param loaderShare processor time of this JVM, as a share of the round: 1 is one processor that
   *     is never idle
   * @param threads how many the server had
   */
  public record Cost(double cpuMicrosPerMessage, double loaderShare, int threads) {}

  /**
   * Plays it.
   *
   * @param load for each of them
   * @param progress told after each of {@code (rounds + 1) * contestants.size()} steps
   * @return the rounds of each contestant, in their order
   * @throws IOException if a server has ended
   * @throws LoadException if one does not stand the load
   */
  public List<List<Round>> play(
      List<Contestant> contestants, Function<Contestant, Load> load, Runnable progress)
      throws IOException, LoadException, InterruptedException {
    List<Lane> lanes = new ArrayList<>();
    try {
      for (Contestant contestant : contestants) {
        Lane lane = new Lane(contestant, LoadGenerator.connect(load.apply(contestant)));
        lanes.add(lane);
        warmUp(lane.generator);
        contestant.pause();
        progress.run();
      }
      for (int i = 0; i < rounds; i++) {
        for (Lane lane : lanes) {
          lane.contestant.resume();
          lane.rounds.add(measure(lane));
          lane.contestant.pause();
          progress.run();
        }
      }
      return lanes.stream().map(Lane::rounds).toList();
    } finally {
      lanes.forEach(lane -> lane.generator.close());
      for (Lane lane : lanes) {
        lane.contestant.resume();
      }
    }
  }

  /** A server, the connections to it, and what came of them. */
  private record Lane(Contestant contestant, LoadGenerator generator, List<Round> rounds) {

    Lane(Contestant contestant, LoadGenerator generator) {
      this(contestant, generator, new ArrayList<>());
    }
  }

  private void warmUp(LoadGenerator generator) throws LoadException, InterruptedException {
    long start = System.nanoTime();
    double before = 0;
    while (System.nanoTime() - start < MAX_WARM_UPS * warmUp.toNanos()) {
      double now = generator.round(round).messagesPerSecond();
      if (System.nanoTime() - start >= warmUp.toNanos() && Math.abs(now / before - 1) < STEADY) {
        return;
      }
      before = now;
    }
  }

  /**
   * A round, and a longer one if no reply was completed in it, as on a machine that is busy. It
   * comes to an end: the generator bears no longer silence than its load's patience.
   */
  private Round measure(Lane lane) throws IOException, LoadException, InterruptedException {
    Optional<Round> measured = Optional.empty();
    for (Duration time = round; measured.isEmpty(); time = time.multipliedBy(2)) {
      measured = measure(lane, time);
    }
    return measured.get();
  }

  private static Optional<Round> measure(Lane lane, Duration time)
      throws IOException, LoadException, InterruptedException {
    Optional<CostMeter> server = CostMeter.of(lane.contestant.process());
    if (server.isEmpty()) {
      return Optional.of(lane.generator.round(time))
          .filter(it -> it.messages() > 0)
          .map(it -> new Round(it, Optional.empty()));
    }
    CostMeter loader = CostMeter.of(ProcessHandle.current()).orElseThrow();
    Duration loaderBefore = loader.cpuWithoutChildren(); // the servers are children, too
    Duration before = server.get().cpu();
    long start = System.nanoTime();
    LoadResult result = lane.generator.round(time);
    long elapsed = System.nanoTime() - start;
    Duration spent = server.get().cpu().minus(before);
    Duration loaderSpent = loader.cpuWithoutChildren().minus(loaderBefore);
    if (result.messages() == 0) {
      return Optional.empty();
    }
    return Optional.of(
        new Round(
            result,
            Optional.of(
                new Cost(
                    spent.toNanos() / 1e3 / result.answered(),
                    (double) loaderSpent.toNanos() / elapsed,
                    server.get().now().threads()))));
  }
}
