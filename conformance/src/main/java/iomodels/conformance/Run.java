package iomodels.conformance;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The findings and tasks of one run. When the stop condition is met, all tasks are cancelled, and
 * the run's own thread gets {@link Ended}. Closing a run cancels its tasks, and waits for their
 * end. Safe for use by several threads.
 */
final class Run implements AutoCloseable {

  /** The run ends early. */
  static final class Ended extends Exception {

    private static final long serialVersionUID = 1L;

    private final Verdict verdict;
    private final String reason;

    /**
     * Creates an early end.
     *
     * @param verdict the verdict on the remaining rules
     * @param reason the reason for that verdict
     */
    Ended(Verdict verdict, String reason) {
      super(reason, null, false, false);
      this.verdict = verdict;
      this.reason = reason;
    }

    Verdict verdict() {
      return verdict;
    }

    String reason() {
      return reason;
    }
  }

  private final StopCondition stop;
  private final Observer observer;
  private final Map<Rule, Finding> findings = new ConcurrentHashMap<>();
  private final Queue<Future<?>> tasks = new ConcurrentLinkedQueue<>();
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private volatile boolean failed;

  Run(StopCondition stop, Observer observer) {
    this.stop = stop;
    this.observer = observer;
  }

  /** Announces that a rule is about to be tested. */
  void start(Rule rule) {
    synchronized (findings) {
      observer.starts(rule);
    }
  }

  /** Adds a finding. Cancels all tasks, and so the calling one, if it meets the stop condition. */
  void report(Finding finding) {
    synchronized (findings) {
      findings.put(finding.rule(), finding);
      observer.found(finding);
    }
    if (stop.isMetBy(finding)) {
      failed = true;
      cancelAll();
    }
  }

  /** Adds the findings for the rules that an early end has left untested. */
  void addUntested(List<Finding> rest) {
    synchronized (findings) {
      rest.forEach(it -> findings.put(it.rule(), it));
      observer.notTested(rest);
    }
  }

  /** Returns the finding for a rule; empty if the rule has not been tested yet. */
  Optional<Finding> finding(Rule rule) {
    return Optional.ofNullable(findings.get(rule));
  }

  /** Starts a task in a thread of its own. */
  <T> Future<T> submit(Callable<T> task) throws Ended {
    if (stop.isOver()) {
      throw new Ended(Verdict.INCONCLUSIVE, stop.reasonAfterLimit());
    }
    Future<T> future = executor.submit(task);
    tasks.add(future);
    // In this order: a failure meanwhile has cancelled the task, or is seen here.
    if (failed) {
      future.cancel(true);
      throw new Ended(Verdict.SKIPPED, stop.reasonAfterFailure());
    }
    return future;
  }

  /**
   * Waits for a task.
   *
   * @throws IOException if the task failed with it
   */
  <T> T await(Future<T> task) throws Ended, IOException, InterruptedException {
    Optional<Duration> remaining = stop.remaining();
    try {
      return remaining.isPresent()
          ? task.get(remaining.get().toNanos(), TimeUnit.NANOSECONDS)
          : task.get();
    } catch (CancellationException _) {
      throw new Ended(Verdict.SKIPPED, stop.reasonAfterFailure());
    } catch (TimeoutException _) {
      throw new Ended(Verdict.INCONCLUSIVE, stop.reasonAfterLimit());
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw new IllegalStateException("the engine failed", e.getCause());
    }
  }

  private void cancelAll() {
    tasks.forEach(it -> it.cancel(true));
  }

  @Override
  public void close() {
    cancelAll();
    executor.close();
  }
}
