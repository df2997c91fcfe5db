package iomodels.conformance.junit;

import static org.junit.jupiter.api.Assumptions.abort;

import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/** The judging of a subject in the background. All start before a test waits for one. */
final class JudgingRun {

  /** Number of models and programs that are judged in parallel: most rules only wait. */
  private static final Semaphore PARALLEL = new Semaphore(3, true);

  /** Judges a subject. */
  interface Judge {
    Report with(Kit kit, Consumer<Finding> progress) throws Exception;
  }

  private final List<Rule> rules;
  private final Bounds bounds;
  private final Judge judge;
  private final Map<Rule, CompletableFuture<Finding>> findings = new ConcurrentHashMap<>();
  private final FutureTask<Report> judging = new FutureTask<>(this::judge);

  JudgingRun(List<Rule> rules, Bounds bounds, Judge judge) {
    this.rules = rules;
    this.bounds = bounds;
    this.judge = judge;
  }

  void start() {
    Thread.ofVirtual().start(judging);
  }

  /** Waits for the finding of a rule; aborts the test if the judging failed. */
  Finding finding(Rule rule) {
    try {
      return pending(rule).join();
    } catch (CompletionException _) {
      return abort("the subject could not be judged");
    }
  }

  Report report() throws Exception {
    return judging.get();
  }

  private CompletableFuture<Finding> pending(Rule rule) {
    return findings.computeIfAbsent(rule, _ -> new CompletableFuture<>());
  }

  private Report judge() throws Exception {
    PARALLEL.acquire();
    Kit kit = new Kit(rules, bounds, System.nanoTime());
    try {
      return judge.with(kit, finding -> pending(finding.rule()).complete(finding));
    } catch (Exception | Error e) {
      rules.forEach(rule -> pending(rule).completeExceptionally(e));
      throw e;
    } finally {
      PARALLEL.release();
    }
  }
}
