package iomodels.lab.report;

import iomodels.lab.report.LoadFigures.Ratio;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Compares two runs by the figure that varies least between days and machines: processor time per
 * message as a multiple of the yardstick in C in the same turns.
 */
public final class Baseline {

  private Baseline() {}

  /** How a server has changed between two runs. */
  public enum Change {
    /** It takes less processor time. */
    IMPROVEMENT,
    /** It takes more processor time. */
    REGRESSION,
    /** The difference is within the noise of a run, or the rounds of the two runs overlap. */
    NO_DIFFERENCE
  }

  /**
   * A server that both runs have measured in the same scenario.
   *
   * @param before cost as a multiple of the yardstick, in the earlier run
   * @param now the same in the new run
   */
  public record Compared(
      String scenario, String server, Spread before, Spread now, Change change) {}

  /** Compares the servers that both runs have, in the order of the new run. */
  public static List<Compared> compare(Measurements before, List<ScenarioResult> now) {
    List<Compared> compared = new ArrayList<>();
    for (ScenarioResult scenario : now) {
      for (ServerResult server : scenario.servers()) {
        figures(before.scenarios(), scenario.name(), server.name())
            .flatMap(old -> server.load().flatMap(it -> compare(scenario, server, old, it)))
            .ifPresent(compared::add);
      }
    }
    return compared;
  }

  private static Optional<LoadFigures> figures(
      List<ScenarioResult> scenarios, String scenario, String server) {
    return scenarios.stream()
        .filter(it -> it.name().equals(scenario))
        .flatMap(it -> it.servers().stream())
        .filter(it -> it.name().equals(server))
        .flatMap(it -> it.load().stream())
        .findFirst();
  }

  private static Optional<Compared> compare(
      ScenarioResult scenario, ServerResult server, LoadFigures before, LoadFigures now) {
    Optional<Spread> then = before.toCommon().flatMap(Ratio::cpu);
    Optional<Spread> today = now.toCommon().flatMap(Ratio::cpu);
    if (then.isEmpty() || today.isEmpty()) {
      return Optional.empty();
    }
    double noise = Math.max(before.noiseFloor().orElse(0.0), now.noiseFloor().orElse(0.0));
    return Optional.of(
        new Compared(
            scenario.name(),
            server.name(),
            then.get(),
            today.get(),
            change(then.get(), today.get(), noise)));
  }

  private static Change change(Spread before, Spread now, double noise) {
    boolean beyondNoise = Math.abs(now.median() / before.median() - 1) > noise;
    if (beyondNoise && now.min() > before.max()) {
      return Change.REGRESSION;
    }
    return beyondNoise && now.max() < before.min() ? Change.IMPROVEMENT : Change.NO_DIFFERENCE;
  }
}
