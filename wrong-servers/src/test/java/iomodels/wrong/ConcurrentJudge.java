package iomodels.wrong;

import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.targets.InJvmTarget;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.conformance.targets.Target;
import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/** Judges servers and programs concurrently. */
final class ConcurrentJudge {

  private static final long SEED = 1;
  private static final int PROGRAM_TRIES = 5;

  private static final List<String> MACHINE =
      List.of(
          "; but the kernel was short of memory",
          "; but the kit did not run",
          "; but it kept wider bounds",
          "; but so did the control server");

  private ConcurrentJudge() {}

  /** Judges a server that may be right by one rule, and repeats late misses. */
  static CompletableFuture<Finding> judgingWithRepeats(
      ServerProvider provider, Rule rule, Bounds bounds, Semaphore sideBySide) {
    return judging(
        () -> new InJvmTarget(provider), new Kit(List.of(rule), bounds, SEED), sideBySide);
  }

  /** Judges a wrong server by one rule. The server is started for it, as a rule may end it. */
  static CompletableFuture<Finding> judging(
      ServerProvider provider, Rule rule, Bounds bounds, Semaphore sideBySide) {
    return judging(() -> new InJvmTarget(provider), rule, bounds, sideBySide);
  }

  /** Judges any wrong target by one rule. */
  static CompletableFuture<Finding> judging(
      Supplier<Target> server, Rule rule, Bounds bounds, Semaphore sideBySide) {
    return judging(server, new Kit(List.of(rule), bounds, SEED).withoutRepeats(), sideBySide);
  }

  private static CompletableFuture<Finding> judging(
      Supplier<Target> server, Kit kit, Semaphore sideBySide) {
    return judging(
        () -> {
          try (Target target = server.get()) {
            return kit.judge(target, _ -> {});
          }
        },
        sideBySide);
  }

  /** Judges a program by one rule, in several attempts, as a busy machine can hide a fault. */
  static CompletableFuture<Finding> judging(
      ProgramTarget program, Rule rule, Bounds bounds, Semaphore sideBySide) {
    Kit kit = new Kit(List.of(rule), bounds, SEED, PROGRAM_TRIES).withoutRepeats();
    return judging(
        () -> {
          try (program) {
            return kit.judge(program, _ -> {});
          }
        },
        sideBySide);
  }

  /** Whether the kit did not put a verdict down to the machine. */
  static boolean isUndisturbed(Finding finding) {
    return finding.verdict() != Verdict.INCONCLUSIVE
        || MACHINE.stream().noneMatch(finding.detail()::contains);
  }

  /** Skips the test if the machine kept the kit from telling. */
  static void assumeUndisturbed(Finding finding) {
    assumeThat(isUndisturbed(finding)).as(finding.toString()).isTrue();
  }

  private interface Judgement {
    Report make() throws IOException, InterruptedException;
  }

  private static CompletableFuture<Finding> judging(Judgement judgement, Semaphore sideBySide) {
    CompletableFuture<Finding> found = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                sideBySide.acquire();
                try {
                  found.complete(judgement.make().findings().getFirst());
                } finally {
                  sideBySide.release();
                }
              } catch (IOException | RuntimeException e) {
                found.completeExceptionally(e);
              } catch (InterruptedException e) {
                found.completeExceptionally(e);
                Thread.currentThread().interrupt();
              }
            });
    return found;
  }
}
