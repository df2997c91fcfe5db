package iomodels.lab.claims;

import iomodels.lab.load.LoadException;
import iomodels.lab.report.ClaimResult;
import iomodels.lab.report.ClaimResult.Verdict;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** All claims, and how to test one. */
public final class Claims {

  private static final List<Experiment> ALL =
      List.of(
          new OneBlocksTheRest(),
          new ThreadsHideTheWait(),
          new PollingBurnsACore(),
          new OneConnection(),
          new PollWatchesMore(),
          new LinuxOnly(),
          new CallbackPerObject(),
          new SelectSlowsDown(),
          new SelectorPicksBest(),
          new AsyncFastest(),
          new FrameworksFast(),
          new VirtualGoodEnough());

  private Claims() {}

  /** All experiments, in the order in which an introduction makes the claims. */
  public static List<Experiment> all() {
    return ALL;
  }

  /** Finds an experiment by its id. */
  public static Optional<Experiment> named(String id) {
    return ALL.stream().filter(it -> it.id().equals(id)).findFirst();
  }

  /** Runs an experiment. If it cannot be run, the result says why. */
  public static ClaimResult test(Experiment experiment, Laboratory laboratory)
      throws InterruptedException {
    Experiment.Finding finding;
    try {
      finding = experiment.run(laboratory);
    } catch (IOException | LoadException e) {
      finding =
          new Experiment.Finding(
              Verdict.NOT_TESTED, "It could not be tested: " + e.getMessage(), List.of());
    }
    return new ClaimResult(
        experiment.id(),
        experiment.claim(),
        experiment.words(),
        finding.verdict(),
        finding.words(),
        finding.charts());
  }
}
