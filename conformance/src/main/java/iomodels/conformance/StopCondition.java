package iomodels.conformance;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * Ends a run before all rules have been tested: after a failure, or after a time limit. One
 * condition can hold for several runs, which then share the limit. Immutable.
 */
public final class StopCondition {

  /** Never ends a run early. */
  public static final StopCondition NONE = new StopCondition(Optional.empty(), Optional.empty());

  /**
   * Ends a run after a failure.
   *
   * @param strict whether rules of the level SHOULD count as well
   * @param reason why the remaining rules are skipped
   */
  private record Failure(boolean strict, String reason) {}

  /**
   * Ends a run at a point in time.
   *
   * @param start the start of the limit, as in {@link System#nanoTime}
   * @param length the length of the limit
   * @param reason why the remaining rules are inconclusive
   */
  private record Limit(long start, Duration length, String reason) {}

  private final Optional<Failure> failure;
  private final Optional<Limit> limit;

  private StopCondition(Optional<Failure> failure, Optional<Limit> limit) {
    this.failure = failure;
    this.limit = limit;
  }

  /**
   * Returns a condition that also ends the run at the first failure; the remaining rules are {@link
   * Verdict#SKIPPED}.
   *
   * @param strict whether a broken SHOULD is a failure, too
   * @param reason why the remaining rules are skipped
   */
  public StopCondition atFailure(boolean strict, String reason) {
    return new StopCondition(Optional.of(new Failure(strict, reason)), limit);
  }

  /**
   * Returns a condition that also ends the run when a time limit is over, which starts now; the
   * remaining rules are {@link Verdict#INCONCLUSIVE}.
   *
   * @param length the length of the limit
   * @param reason why the remaining rules are inconclusive
   */
  public StopCondition after(Duration length, String reason) {
    return new StopCondition(failure, Optional.of(new Limit(System.nanoTime(), length, reason)));
  }

  /** Returns whether the time limit is over. */
  boolean isOver() {
    return remaining().filter(it -> !it.isPositive()).isPresent();
  }

  /** A preparation for a run. */
  @FunctionalInterface
  public interface Preparation {
    void run() throws IOException, InterruptedException;
  }

  /** Runs a preparation, and cancels it when the time limit is over. */
  public void limit(Preparation preparation) throws IOException, InterruptedException {
    try (Run run = new Run(this, _ -> {})) {
      run.await(
          run.submit(
              () -> {
                preparation.run();
                return true;
              }));
    } catch (Run.Ended _) {
      // The limit is over, which the run itself reports.
    }
  }

  /** Returns the rest of the time limit; empty if there is no limit. */
  Optional<Duration> remaining() {
    return limit.map(it -> it.length().minusNanos(System.nanoTime() - it.start()));
  }

  /** Returns whether this finding ends the run. */
  boolean isMetBy(Finding finding) {
    return failure.filter(it -> finding.isFailure(it.strict())).isPresent();
  }

  String reasonAfterFailure() {
    return failure.orElseThrow().reason();
  }

  String reasonAfterLimit() {
    return limit.orElseThrow().reason();
  }
}
