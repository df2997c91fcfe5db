package iomodels.conformance;

import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.targets.Client;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.conformance.targets.Subject;
import iomodels.conformance.targets.Target;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.stream.Stream;

/**
 * The engine: tests a subject, which is a server, a program or a client, by rules.
 *
 * <p>Rules run in parallel, as far as the subject allows it. Rules that are {@code TIMED} or {@code
 * ALONE} run one at a time, after the others. A timed rule is broken only if three runs break it
 * and a {@link Control} server, tested right then, does not. There is no control for rules that
 * start and stop a server, for programs and for clients. While a timed rule is repeated, no other
 * kit on this machine repeats one.
 *
 * @param rules the rules, in the order of the report
 * @param bounds the numbers that rules depend on
 * @param seed determines the bytes that are sent
 * @param tries how often to test each rule, with consecutive seeds; stops when it is not kept
 */
public record Kit(List<Rule> rules, Bounds bounds, long seed, int tries) {

  private static final int TIMED_TRIES = 3;
  private static final Duration TIME_LIMIT = Duration.ofSeconds(90);

  /** Creates a kit that tests each rule once. */
  public Kit(List<Rule> rules, Bounds bounds, long seed) {
    this(rules, bounds, seed, 1);
  }

  /**
   * Tests every rule that applies.
   *
   * @param subject stays open; the caller closes it
   * @param progress receives each finding when the rule has been tested, one at a time, in any
   *     order
   * @throws IOException if the subject cannot be started or reached; the message is for the user
   * @throws InterruptedException if the calling thread is interrupted; no check is left running
   */
  public Report judge(Subject subject, Consumer<Finding> progress)
      throws IOException, InterruptedException {
    Examination examination = examine(subject);
    Map<Rule, Finding> findings = new ConcurrentHashMap<>();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> pending = new ArrayList<>();
      try {
        for (Rule rule : rules) {
          String reason = examination.reasonToSkip(rule);
          if (!reason.isEmpty()) {
            report(finding(rule, Verdict.SKIPPED, reason), findings, progress);
          } else if (rule.scheduling() == Scheduling.PARALLEL) {
            pending.add(executor.submit(() -> judge(rule, examination, findings, progress)));
          }
        }
        for (Future<?> each : pending) {
          each.get();
        }
        for (Rule rule : rules) {
          if (!findings.containsKey(rule)) {
            Future<?> alone = executor.submit(() -> judge(rule, examination, findings, progress));
            pending.add(alone);
            alone.get();
          }
        }
      } catch (ExecutionException e) {
        throw new IllegalStateException("the engine failed", e.getCause());
      } finally {
        pending.forEach(future -> future.cancel(true));
      }
    }
    return new Report(
        subject.name(), rules.stream().map(findings::get).toList(), examination.notes());
  }

  /** Prepares the subject: starts the server that rules share, and probes its capabilities. */
  private Examination examine(Subject subject) throws IOException, InterruptedException {
    return switch (subject) {
      case Target server -> ServerExamination.of(server, rules, bounds, seed);
      case ProgramTarget program -> new ProgramExamination(program);
      case Client client -> new ClientExamination(client);
    };
  }

  /**
   * Creates the report on a subject that could not be started or reached.
   *
   * @param name name of the subject
   * @param reason a message for the user
   */
  public Report untried(String name, String reason) {
    List<Finding> findings =
        rules.stream().map(rule -> finding(rule, Verdict.INCONCLUSIVE, reason)).toList();
    return new Report(name, findings, List.of());
  }

  private Void judge(
      Rule rule, Examination examination, Map<Rule, Finding> findings, Consumer<Finding> progress)
      throws InterruptedException {
    Semaphore permits = examination.permits(rule);
    permits.acquire();
    Finding finding;
    try {
      finding = withSeed(seed, rule, examination);
      for (int i = 1; i < tries && finding.verdict() == Verdict.KEPT; i++) {
        finding = withSeed(seed + i, rule, examination);
      }
    } finally {
      permits.release();
    }
    report(finding, findings, progress);
    return null;
  }

  private static void report(
      Finding finding, Map<Rule, Finding> findings, Consumer<Finding> progress) {
    synchronized (findings) {
      findings.put(finding.rule(), finding);
      progress.accept(finding);
    }
  }

  private Finding withSeed(long own, Rule rule, Examination examination)
      throws InterruptedException {
    LongFunction<TestContext> contexts = it -> examination.context(rule, bounds, it);
    if (rule.scheduling() != Scheduling.TIMED) {
      return once(rule, own, contexts);
    }
    Finding finding = once(rule, own, contexts);
    if (finding.verdict() != Verdict.BROKEN) {
      return finding;
    }
    try (TimedTurn _ = TimedTurn.take()) {
      for (int i = 1; i < TIMED_TRIES && finding.verdict() == Verdict.BROKEN; i++) {
        finding = once(rule, own, contexts);
      }
      boolean missed = finding.verdict() == Verdict.BROKEN;
      return missed && examination.hasControl(rule) ? comparedWithControl(finding) : finding;
    }
  }

  /** Returns the finding; it is inconclusive if the control server misses the bound as well. */
  private Finding comparedWithControl(Finding missed) throws InterruptedException {
    Rule rule = missed.rule();
    try (Control control = new Control(rule.service())) {
      Finding other =
          once(rule, missed.seed(), it -> new TestContext(control, rule.service(), bounds, it));
      if (other.verdict() != Verdict.BROKEN) {
        return missed;
      }
      return new Finding(
          rule,
          Verdict.INCONCLUSIVE,
          "%s; but so did the control server".formatted(missed.detail()),
          missed.transcript(),
          missed.took(),
          missed.seed());
    } catch (IOException e) {
      return finding(rule, Verdict.INCONCLUSIVE, "no control server: " + e.getMessage());
    }
  }

  private static Finding once(Rule rule, long seed, LongFunction<TestContext> contexts)
      throws InterruptedException {
    long start = System.nanoTime();
    AtomicReference<Thread> thread = new AtomicReference<>(Thread.currentThread());
    try (TestContext context = contexts.apply(seed ^ rule.id().hashCode());
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Void> running =
          executor.submit(
              () -> {
                thread.set(Thread.currentThread());
                rule.check().run(context);
                return null;
              });
      Verdict verdict = Verdict.KEPT;
      String detail = "";
      List<String> trace = List.of();
      try {
        running.get(TIME_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException _) {
        verdict = Verdict.ERROR;
        detail = "the check did not end within %d s".formatted(TIME_LIMIT.toSeconds());
        trace = Stream.of(thread.get().getStackTrace()).map(it -> "  at " + it).toList();
      } catch (ExecutionException e) {
        Throwable cause = e.getCause();
        switch (cause) {
          case Broken broken -> {
            verdict = Verdict.BROKEN;
            detail = String.valueOf(broken.getMessage());
          }
          case Inconclusive reason -> {
            verdict = Verdict.INCONCLUSIVE;
            detail = String.valueOf(reason.getMessage());
          }
          case IOException _ when context.hasCrashed() -> {
            verdict = Verdict.BROKEN;
            detail = "expected a server that keeps running, but it has ended";
          }
          case null, default -> {
            verdict = Verdict.ERROR;
            detail = "the check failed: " + cause;
            trace = stackTrace(cause == null ? e : cause);
          }
        }
      } finally {
        running.cancel(true);
      }
      List<String> transcript = new ArrayList<>();
      if (verdict != Verdict.KEPT) {
        transcript.addAll(context.transcript());
        transcript.addAll(trace);
      }
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      return new Finding(rule, verdict, detail, List.copyOf(transcript), took, seed);
    }
  }

  private static List<String> stackTrace(Throwable e) {
    StringWriter text = new StringWriter();
    e.printStackTrace(new PrintWriter(text));
    return text.toString().lines().map(it -> it.replace("\t", "  ")).toList();
  }

  private Finding finding(Rule rule, Verdict verdict, String reason) {
    return new Finding(rule, verdict, reason, List.of(), Duration.ZERO, seed);
  }
}
