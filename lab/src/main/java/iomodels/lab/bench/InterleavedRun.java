package iomodels.lab.bench;

import iomodels.lab.bench.ServerUnderTest.Upstream;
import iomodels.lab.load.Load;
import iomodels.lab.load.LoadException;
import iomodels.lab.load.LoadGenerator;
import iomodels.lab.load.LoadGenerators;
import iomodels.lab.load.LoadResult;
import iomodels.meter.CostMeter;
import iomodels.meter.Costs;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Puts the same load on several servers in turns, A B C A B C …: a disturbance of the machine
 * affects all servers of a turn, so ratios within a turn are meaningful even where the figures
 * themselves are not. All servers are warmed up before the first measured round.
 *
 * @param warmUp how long to load each server at least before its rounds are measured; it is
 *     extended, up to three times as long, while the server still gets better
 * @param round length of a round; longer if no message is answered in that time
 * @param rounds number of measured rounds
 */
public record InterleavedRun(Duration warmUp, Duration round, int rounds) {

  /**
   * A round is better only below this share of the best cost so far. An unfinished JIT compiler
   * makes round after round the best. Noise makes some rounds better and some worse, but rarely two
   * in a row the best.
   */
  private static final double BETTER = 0.97;

  private static final int MAX_WARM_UPS = 3;

  /** How long a server is warmed up at most. */
  public Duration longestWarmUp() {
    return warmUp.multipliedBy(MAX_WARM_UPS);
  }

  /**
   * One measured round of one server.
   *
   * @param load the result of the load generator
   * @param cost what the server used; empty where there is no {@code /proc} to measure processes by
   */
  public record Round(LoadResult load, Optional<Cost> cost) {}

  /**
   * What a server used in a round.
   *
   * @param cpuMicrosPerMessage processor time of the server's processes, user and system
   * @param voluntarySwitches voluntary context switches (waits) per message
   * @param involuntarySwitches involuntary context switches per message
   * @param threads number of threads
   * @param residentBytes memory in RAM
   */
  public record Cost(
      double cpuMicrosPerMessage,
      double voluntarySwitches,
      double involuntarySwitches,
      int threads,
      long residentBytes) {}

  /**
   * The results of one server.
   *
   * @param rounds the measured rounds
   * @param steady whether the server had stopped getting better before the first of them
   * @param failure why rounds are missing, or empty
   */
  public record RunResult(List<Round> rounds, boolean steady, String failure) {}

  /**
   * Measures servers without loads before the measured one.
   *
   * @param load the load of each server
   * @param progress called after each of {@code (rounds + 1) * servers.size()} steps
   * @return each server's results, in the order in which the servers were given
   */
  public List<RunResult> measure(
      List<ServerUnderTest> servers, Function<ServerUnderTest, Load> load, Runnable progress)
      throws InterruptedException {
    return measure(servers, _ -> List.of(), load, progress);
  }

  /**
   * Measures servers. A server that fails is dropped; the others continue. In any case, also after
   * an interrupt, all connections are closed and all servers run when this returns.
   *
   * @param before loads that each server gets first, in this order, each on connections of its own
   *     and for as long as {@code warmUp}
   * @param load the load that is measured
   * @param progress called after each of {@code (rounds + 1) * servers.size()} steps
   * @return each server's results, in the order in which the servers were given
   */
  public List<RunResult> measure(
      List<ServerUnderTest> servers,
      Function<ServerUnderTest, List<Load>> before,
      Function<ServerUnderTest, Load> load,
      Runnable progress)
      throws InterruptedException {
    List<ServerRun> runs = servers.stream().map(ServerRun::new).toList();
    try {
      for (ServerRun run : runs) {
        run.pause();
      }
      for (ServerRun run : runs) {
        run.prepare(before.apply(run.server), load.apply(run.server));
        progress.run();
      }
      for (int i = 0; i < rounds; i++) {
        for (ServerRun run : runs) {
          run.measureRound();
          progress.run();
        }
      }
      return runs.stream().map(ServerRun::result).toList();
    } finally {
      for (ServerRun run : runs) {
        run.end();
      }
    }
  }

  /** A server, the connections to it, and its results so far. */
  private final class ServerRun {

    private final ServerUnderTest server;
    private final List<Round> measured = new ArrayList<>();
    private Optional<LoadGenerator> generator = Optional.empty();
    private boolean steady;
    private String failure = "";

    ServerRun(ServerUnderTest server) {
      this.server = server;
    }

    /** Keeps the server from disturbing the others' rounds. */
    void pause() {
      try {
        server.pause();
      } catch (IOException e) {
        fail(e);
      }
    }

    void prepare(List<Load> before, Load load) throws InterruptedException {
      if (!failure.isEmpty()) {
        return;
      }
      try {
        server.resume();
        for (Load each : before) {
          try (LoadGenerator earlier = LoadGenerators.connect(each)) {
            earlier.round(warmUp);
          }
        }
        LoadGenerator connected = LoadGenerators.connect(load);
        generator = Optional.of(connected);
        warmUp(connected);
      } catch (IOException | LoadException e) {
        fail(e);
      }
      pause();
    }

    void measureRound() throws InterruptedException {
      if (!failure.isEmpty()) {
        return;
      }
      try {
        server.resume();
        measured.add(measure(server, generator.orElseThrow()));
      } catch (IOException | LoadException e) {
        fail(e);
      }
      pause();
    }

    private void fail(Exception e) {
      failure = failure.isEmpty() ? String.valueOf(e.getMessage()) : failure;
      generator.ifPresent(LoadGenerator::close);
    }

    RunResult result() {
      return new RunResult(measured, steady, failure);
    }

    /** Not interruptible: a server must not stay stopped. */
    void end() {
      generator.ifPresent(LoadGenerator::close);
      try {
        server.resume();
      } catch (IOException _) {
        // The server has ended.
      }
    }

    private void warmUp(LoadGenerator connected)
        throws IOException, LoadException, InterruptedException {
      long start = System.nanoTime();
      double best = Double.MAX_VALUE;
      int notBetter = 0;
      while (System.nanoTime() - start < longestWarmUp().toNanos()) {
        double cost = costPerMessage(measure(server, connected));
        notBetter = cost < BETTER * best ? 0 : notBetter + 1;
        best = Math.min(best, cost);
        steady = notBetter >= 2;
        if (steady && System.nanoTime() - start >= warmUp.toNanos()) {
          return;
        }
      }
    }
  }

  /** The measure of a warm-up: processor time per message, or else time per message. */
  private static double costPerMessage(Round round) {
    return round
        .cost()
        .map(Cost::cpuMicrosPerMessage)
        .orElseGet(() -> 1 / round.load().messagesPerSecond());
  }

  /**
   * Measures a round, and a longer one if no reply was completed in it, as on a busy machine. It
   * ends: the generator does not wait for a silent server longer than its load's patience.
   */
  private Round measure(ServerUnderTest server, LoadGenerator generator)
      throws IOException, LoadException, InterruptedException {
    Optional<Round> measured = Optional.empty();
    for (Duration time = round; measured.isEmpty(); time = time.multipliedBy(2)) {
      measured = measure(server, generator, time);
    }
    return measured.get();
  }

  private static Optional<Round> measure(
      ServerUnderTest server, LoadGenerator generator, Duration time)
      throws IOException, LoadException, InterruptedException {
    Optional<CostMeter> meter = CostMeter.of(server.process());
    if (meter.isEmpty()) {
      return Optional.of(load(server, generator, time))
          .filter(it -> it.messages() > 0)
          .map(it -> new Round(it, Optional.empty()));
    }
    Costs before = meter.get().now();
    Duration cpuBefore = meter.get().cpu();
    LoadResult result = load(server, generator, time);
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

  /**
   * Runs a round. An upstream server is a part of the load, so its processor time counts as well.
   */
  private static LoadResult load(ServerUnderTest server, LoadGenerator generator, Duration time)
      throws IOException, LoadException, InterruptedException {
    Optional<CostMeter> upstream = server.upstream().map(Upstream::process).flatMap(CostMeter::of);
    if (upstream.isEmpty()) {
      return generator.round(time);
    }
    Duration cpuBefore = upstream.get().cpu();
    long start = System.nanoTime();
    LoadResult result = generator.round(time);
    double cpu = upstream.get().cpu().minus(cpuBefore).toNanos();
    double share = cpu / (System.nanoTime() - start);
    return result.withBusy(
        server.upstream().orElseThrow().besideLoad()
            ? result.busy() + share
            : Math.max(result.busy(), share));
  }
}
