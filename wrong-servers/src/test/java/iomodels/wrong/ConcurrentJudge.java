package iomodels.wrong;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.conformance.Bound;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Verdict;
import iomodels.conformance.targets.InJvmTarget;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.conformance.targets.Target;
import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Judges servers and programs concurrently. */
final class ConcurrentJudge {

  private static final long SEED = 1;
  private static final int ROUNDS = 3;

  private static final List<String> MACHINE =
      List.of(
          "; but the kernel was short of memory",
          "; but the kit did not run",
          "; but it kept wider bounds",
          "; but other processes had ",
          "too late to tell: ",
          "the kit was too slow",
          "; but so did the control server");

  private ConcurrentJudge() {}

  /** Judges a server that may be right by one rule, and repeats late misses. */
  static CompletableFuture<Finding> judgingWithRepeats(
      ServerProvider provider, Rule rule, Bounds bounds, Semaphore sideBySide) {
    Kit kit = new Kit(List.of(rule), bounds, SEED);
    return judging(
        () -> {
          try (InJvmTarget target = new InJvmTarget(provider)) {
            return kit.judge(target, _ -> {});
          }
        },
        "",
        sideBySide);
  }

  /** Judges a wrong server by one rule. The server is started for it, as a rule may end it. */
  static CompletableFuture<Finding> judging(
      ServerProvider provider, Rule rule, Bounds bounds, Semaphore sideBySide) {
    return judging(() -> new InJvmTarget(provider), rule, bounds, "", sideBySide);
  }

  /** Judges any wrong target by one rule, until the symptom shows. */
  static CompletableFuture<Finding> judging(
      Supplier<Target> server, Rule rule, Bounds bounds, String symptom, Semaphore sideBySide) {
    AtomicInteger rounds = new AtomicInteger();
    return judging(
        () -> {
          Bounds patient = morePatient(bounds, rounds.incrementAndGet());
          Kit kit = new Kit(List.of(rule), patient, SEED).withoutRepeats();
          try (Target target = server.get()) {
            return kit.judge(target, _ -> {});
          }
        },
        symptom,
        sideBySide);
  }

  /**
   * Judges a program by one rule, until the symptom shows, and each time in several attempts, as a
   * busy machine can hide a fault.
   */
  static CompletableFuture<Finding> judging(
      Supplier<ProgramTarget> program,
      Rule rule,
      Bounds bounds,
      int tries,
      String symptom,
      Semaphore sideBySide) {
    AtomicInteger rounds = new AtomicInteger();
    return judging(
        () -> {
          Bounds patient = morePatient(bounds, rounds.incrementAndGet());
          Kit kit = new Kit(List.of(rule), patient, SEED, tries).withoutRepeats();
          try (ProgramTarget target = program.get()) {
            return kit.judge(target, _ -> {});
          }
        },
        symptom,
        sideBySide);
  }

  /** A fault that shows in a reply is hidden if, on a busy machine, the reply is late. */
  private static Bounds morePatient(Bounds bounds, int round) {
    return bounds.with(Bound.PATIENCE, round * bounds.time(Bound.PATIENCE).toMillis());
  }

  /** Whether the kit did not put a verdict down to the machine. */
  static boolean isUndisturbed(Finding finding) {
    return finding.verdict() != Verdict.INCONCLUSIVE
        || MACHINE.stream().noneMatch(finding.detail()::contains);
  }

  /** Demands that every rule is kept, or skipped if a precondition of it is unmet. */
  static void demandKept(List<Finding> findings, Precondition... unmet) {
    // Only these, because a failure that lists all of two hundred hides the one that matters.
    assertThat(
            findings.stream()
                .filter(ConcurrentJudge::isUndisturbed)
                .filter(it -> it.verdict() != expected(it.rule(), unmet))
                .toList())
        .isEmpty();
  }

  private static Verdict expected(Rule rule, Precondition... unmet) {
    return Stream.of(unmet).anyMatch(rule.preconditions()::contains)
        ? Verdict.SKIPPED
        : Verdict.KEPT;
  }

  /** Skips the test if the machine kept the kit from telling. */
  static void assumeUndisturbed(Finding finding) {
    assumeThat(isUndisturbed(finding)).as(finding.toString()).isTrue();
  }

  /** Judges a target. */
  interface Judgement {
    Report make() throws IOException, InterruptedException;
  }

  /** Judges a target in a thread of its own. */
  static CompletableFuture<Report> reporting(Judgement judgement) {
    CompletableFuture<Report> report = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                report.complete(judgement.make());
              } catch (IOException | RuntimeException e) {
                report.completeExceptionally(e);
              } catch (InterruptedException e) {
                report.completeExceptionally(e);
                Thread.currentThread().interrupt();
              }
            });
    return report;
  }

  private static CompletableFuture<Finding> judging(
      Judgement judgement, String symptom, Semaphore sideBySide) {
    return reporting(
            () -> {
              sideBySide.acquire();
              try {
                return untilItShows(judgement, symptom);
              } finally {
                sideBySide.release();
              }
            })
        .thenApply(report -> report.findings().getFirst());
  }

  /**
   * Judges a wrong target by one rule until the symptom shows, three times at most: on a busy
   * machine, a fault that depends on time may be hidden, or break an earlier part of the check.
   * Without a symptom: once.
   */
  static Report untilItShows(Judgement judgement, String symptom)
      throws IOException, InterruptedException {
    for (int i = 1; ; i++) {
      Report report = judgement.make();
      Finding finding = report.findings().getFirst();
      boolean shows = finding.verdict() == Verdict.BROKEN && finding.detail().contains(symptom);
      if (i == ROUNDS || symptom.isEmpty() || shows) {
        return report;
      }
    }
  }
}
