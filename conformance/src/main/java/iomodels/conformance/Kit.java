package iomodels.conformance;

import iomodels.conformance.Rule.Precondition;
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
import java.util.Optional;
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
 * Tries rules on a subject: a server, a program or a client.
 *
 * <p>Rules run side by side, as far as the subject allows it. Rules with {@code TIMED} or {@code
 * ALONE} run one at a time, after the others. A rule about time is broken only if each of three
 * tries breaks it and a {@link Control} server, tried right then, does not break it; there is no
 * control for rules that start and stop a server, for programs and for clients. No other rule about
 * time is repeated on this machine meanwhile.
 *
 * <p>A try does not count if the {@link Machine} was to blame: the kernel was short of memory for
 * TCP, or the kit itself did not run while it measured time. Such a try is repeated; after three of
 * them the rule is inconclusive. If other processes had most of the processors, a miss of a bound
 * on time is tried once more with wider bounds. A server that keeps these is only slow, and so may
 * the machine be: the rule is inconclusive as well.
 *
 * @param rules the rules, in the order of the report
 * @param bounds the numbers that rules depend on
 * @param seed the same seed makes the same bytes
 * @param tries how often to try each rule, with one seed after another, until a try is not kept
 */
public record Kit(List<Rule> rules, Bounds bounds, long seed, int tries) {

  private static final int TRIES_ABOUT_TIME = 3;
  private static final int MOST_DISTURBED = 3;
  private static final Duration LIMIT = Duration.ofSeconds(90);

  /** Time for the machine to recover, before the first repetition. */
  private static final long RECOVERY_MILLIS = 500;

  /** If other processes have so large a share of the processors, the machine is busy. */
  private static final double BUSY = 0.5;

  /** Makes a kit that tries each rule once. */
  public Kit(List<Rule> rules, Bounds bounds, long seed) {
    this(rules, bounds, seed, 1);
  }

  /**
   * Tries every rule that applies.
   *
   * @param subject stays open; the caller closes it
   * @param progress receives each finding as soon as there is one, in any order, one at a time
   * @throws IOException if the subject cannot be started or reached, in words for the user
   * @throws InterruptedException if the calling thread is interrupted; no check is left running
   */
  public Report judge(Subject subject, Consumer<Finding> progress)
      throws IOException, InterruptedException {
    try (ThisMachine machine = new ThisMachine()) {
      return judge(subject, progress, machine);
    }
  }

  /** The same on a machine that is watched by other means. */
  Report judge(Subject subject, Consumer<Finding> progress, Machine machine)
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
          } else if (!isTriedAlone(rule)) {
            pending.add(
                executor.submit(() -> judge(rule, examination, machine, findings, progress)));
          }
        }
        for (Future<?> each : pending) {
          each.get();
        }
        for (Rule rule : rules) {
          if (!findings.containsKey(rule)) {
            Future<?> alone =
                executor.submit(() -> judge(rule, examination, machine, findings, progress));
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

  /** Prepares the subject: a server that rules share is started, and its capabilities probed. */
  private Examination examine(Subject subject) throws IOException, InterruptedException {
    return switch (subject) {
      case Target server -> ServerExamination.of(server, rules, bounds, seed);
      case ProgramTarget program -> new ProgramExamination(program);
      case Client client -> new ClientExamination(client);
    };
  }

  private static boolean isTriedAlone(Rule rule) {
    return rule.preconditions().contains(Precondition.TIMED)
        || rule.preconditions().contains(Precondition.ALONE);
  }

  /**
   * Makes the report on a subject that could not be started or reached.
   *
   * @param name of the subject
   * @param reason in words for the user
   */
  public Report untried(String name, String reason) {
    List<Finding> findings =
        rules.stream().map(rule -> finding(rule, Verdict.INCONCLUSIVE, reason)).toList();
    return new Report(name, findings, List.of());
  }

  private Void judge(
      Rule rule,
      Examination examination,
      Machine machine,
      Map<Rule, Finding> findings,
      Consumer<Finding> progress)
      throws InterruptedException {
    Semaphore permits = examination.permits(rule);
    permits.acquire();
    Finding finding;
    try {
      finding = withSeed(seed, rule, examination, machine);
      for (int i = 1; i < tries && finding.verdict() == Verdict.KEPT; i++) {
        finding = withSeed(seed + i, rule, examination, machine);
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

  private Finding withSeed(long own, Rule rule, Examination examination, Machine machine)
      throws InterruptedException {
    Attempt first = attempt(rule, own, bounds, examination, machine);
    if (first.finding().verdict() != Verdict.BROKEN) {
      return first.isTimeout() ? unlessDisturbed(first) : first.finding();
    }
    if (!isTimed(rule)) {
      return repeated(first, 1, examination, machine);
    }
    try (TimedTurn _ = TimedTurn.take()) {
      return repeated(first, TRIES_ABOUT_TIME, examination, machine);
    }
  }

  private static boolean isTimed(Rule rule) {
    return rule.preconditions().contains(Precondition.TIMED);
  }

  /**
   * Repeats a rule that was missed, until it is not, or was missed often enough.
   *
   * @param needed how many undisturbed misses break the rule
   */
  private Finding repeated(Attempt first, int needed, Examination examination, Machine machine)
      throws InterruptedException {
    Attempt attempt = first;
    int missed = attempt.disturbance().isPresent() ? 0 : 1;
    int disturbed = 1 - missed;
    while (missed < needed && disturbed < MOST_DISTURBED) {
      TimeUnit.MILLISECONDS.sleep(disturbed * RECOVERY_MILLIS);
      attempt =
          attempt(first.finding().rule(), first.finding().seed(), bounds, examination, machine);
      if (attempt.finding().verdict() != Verdict.BROKEN) {
        return attempt.isTimeout() ? unlessDisturbed(attempt) : attempt.finding();
      }
      missed += attempt.disturbance().isPresent() ? 0 : 1;
      disturbed += attempt.disturbance().isPresent() ? 1 : 0;
    }
    if (missed < needed) {
      return unlessDisturbed(attempt);
    }
    Rule rule = first.finding().rule();
    Finding finding =
        isTimed(rule) && examination.hasControl(rule)
            ? besideControl(attempt.finding())
            : attempt.finding();
    return finding.verdict() == Verdict.BROKEN && attempt.isAboutTime()
        ? unlessOnlySlow(finding, attempt.takenByOthers(), examination)
        : finding;
  }

  private static Finding unlessDisturbed(Attempt missed) {
    return missed
        .disturbance()
        .map(it -> inconclusive(missed.finding(), it))
        .orElse(missed.finding());
  }

  /** Returns the finding unless the machine is busy, and the rule is kept within wider bounds. */
  private Finding unlessOnlySlow(Finding missed, double others, Examination examination)
      throws InterruptedException {
    if (others < BUSY) {
      return missed;
    }
    Bounds wider = bounds.onBusyMachine();
    Finding slow =
        once(missed.rule(), missed.seed(), it -> examination.context(missed.rule(), wider, it))
            .finding();
    return slow.verdict() == Verdict.KEPT
        ? inconclusive(
            missed,
            "it kept wider bounds, and other processes had %.0f %% of the processors"
                .formatted(100 * others))
        : missed;
  }

  private static Finding inconclusive(Finding missed, String but) {
    return new Finding(
        missed.rule(),
        Verdict.INCONCLUSIVE,
        "%s; but %s".formatted(missed.detail(), but),
        missed.transcript(),
        missed.took(),
        missed.seed());
  }

  /** Returns the finding unless the control server misses the bound as well. */
  private Finding besideControl(Finding missed) throws InterruptedException {
    Rule rule = missed.rule();
    try (Control control = new Control(rule.service())) {
      Finding other =
          once(rule, missed.seed(), it -> new TestContext(control, rule.service(), bounds, it))
              .finding();
      return other.verdict() == Verdict.BROKEN
          ? inconclusive(missed, "so did the control server")
          : missed;
    } catch (IOException e) {
      return finding(rule, Verdict.INCONCLUSIVE, "no control server: " + e.getMessage());
    }
  }

  /**
   * One try of a rule, and what the machine did meanwhile.
   *
   * @param isAboutTime whether a slow machine can have made the try miss the rule
   * @param isTimeout whether the check did not end in time
   * @param disturbance why the try does not count if it missed the rule; in words
   * @param takenByOthers the share of the processors that other processes had
   */
  private record Attempt(
      Finding finding,
      boolean isAboutTime,
      boolean isTimeout,
      Optional<String> disturbance,
      double takenByOthers) {}

  private static Attempt attempt(
      Rule rule, long seed, Bounds bounds, Examination examination, Machine machine)
      throws InterruptedException {
    Machine.Watch watch = machine.watch();
    Outcome outcome = once(rule, seed, it -> examination.context(rule, bounds, it));
    boolean missed = outcome.finding().verdict() == Verdict.BROKEN;
    if (!missed && !outcome.isTimeout()) {
      return new Attempt(outcome.finding(), false, false, Optional.empty(), 0);
    }
    boolean aboutTime = isTimed(rule) || outcome.isLate() || outcome.isTimeout();
    Optional<String> disturbance = watch.shortage();
    if (aboutTime && disturbance.isEmpty()) {
      disturbance = watch.pause();
    }
    return new Attempt(
        outcome.finding(), aboutTime, outcome.isTimeout(), disturbance, watch.takenByOthers());
  }

  /**
   * The outcome of one try.
   *
   * @param isLate whether the rule was broken only because something did not come in time
   * @param isTimeout whether the check did not end in time
   */
  private record Outcome(Finding finding, boolean isLate, boolean isTimeout) {}

  private static Outcome once(Rule rule, long seed, LongFunction<TestContext> contexts)
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
      boolean late = false;
      boolean timeout = false;
      try {
        running.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException _) {
        verdict = Verdict.ERROR;
        timeout = true;
        detail = "the check did not end within %d s".formatted(LIMIT.toSeconds());
        trace = Stream.of(thread.get().getStackTrace()).map(it -> "  at " + it).toList();
      } catch (ExecutionException e) {
        Throwable cause = e.getCause();
        switch (cause) {
          case Broken broken -> {
            verdict = Verdict.BROKEN;
            late = broken.isLate();
            detail = String.valueOf(broken.getMessage());
          }
          case Inconclusive reason -> {
            verdict = Verdict.INCONCLUSIVE;
            detail = String.valueOf(reason.getMessage());
          }
          case IOException failure when Peer.isOfTheKit(failure) -> {
            verdict = Verdict.INCONCLUSIVE;
            detail = "the kit cannot open a socket: " + failure.getMessage();
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
      return new Outcome(
          new Finding(rule, verdict, detail, List.copyOf(transcript), took, seed), late, timeout);
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
