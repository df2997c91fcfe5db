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
import java.util.Optional;
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
    return judge(subject, StopCondition.NONE, progress::accept);
  }

  /**
   * Tries every rule that applies, until a condition is met.
   *
   * <p>An outside server that claims nothing is tried by the basic rule of {@code upper} first. If
   * it breaks that because it serves another protocol, the other rules are skipped.
   *
   * @param subject stays open; the caller closes it
   * @param stop ends the run early; running checks are cancelled
   * @param observer receives the progress
   * @throws IOException if the subject cannot be started or reached, in words for the user
   * @throws InterruptedException if the calling thread is interrupted; no check is left running
   */
  public Report judge(Subject subject, StopCondition stop, Observer observer)
      throws IOException, InterruptedException {
    List<String> notes = new ArrayList<>();
    Optional<Run.Ended> early = Optional.empty();
    Run run = new Run(stop, observer);
    try (run) {
      demandProtocol(subject, run);
      Examination examination = run.await(run.submit(() -> examine(subject)));
      notes.addAll(examination.notes());
      judge(examination, run);
    } catch (Run.Ended e) {
      early = Optional.of(e);
    }
    early.ifPresent(it -> complete(run, it, notes));
    List<Finding> findings = rules.stream().flatMap(rule -> run.finding(rule).stream()).toList();
    return new Report(subject.name(), findings, List.copyOf(notes));
  }

  /**
   * Tries the basic rule on an outside server that claims nothing.
   *
   * @throws Run.Ended if the server serves another protocol
   */
  private void demandProtocol(Subject subject, Run run)
      throws Run.Ended, IOException, InterruptedException {
    Optional<Rule> basic = rules.stream().filter(ProtocolProbe::isBasic).findFirst();
    if (!(subject instanceof Target server)
        || server.claims().isPresent()
        || basic.isEmpty()
        || !server.serves(basic.get().service())) {
      return;
    }
    Examination unprobed =
        run.await(run.submit(() -> ServerExamination.withoutCapabilities(server, bounds)));
    run.await(run.submit(() -> judge(basic.get(), unprobed, run)));
    if (run.finding(basic.get()).filter(it -> it.verdict() == Verdict.BROKEN).isEmpty()) {
      return;
    }
    Optional<String> mismatch =
        run.await(run.submit(() -> ProtocolProbe.findMismatch(server, bounds)));
    if (mismatch.isPresent()) {
      rules.stream()
          .filter(rule -> !server.serves(rule.service()))
          .forEach(it -> run.report(finding(it, Verdict.SKIPPED, unprobed.reasonToSkip(it))));
      String reason =
          "the server does not serve %s: %s"
              .formatted(basic.get().service().name(), mismatch.get());
      throw new Run.Ended(Verdict.SKIPPED, reason);
    }
  }

  /** Tries every rule that applies and has no finding yet. */
  private void judge(Examination examination, Run run)
      throws Run.Ended, IOException, InterruptedException {
    for (Rule rule : rules) {
      String reason = examination.reasonToSkip(rule);
      if (!reason.isEmpty() && run.finding(rule).isEmpty()) {
        run.report(finding(rule, Verdict.SKIPPED, reason));
      }
    }
    List<Future<?>> parallel = new ArrayList<>();
    for (Rule rule : rules) {
      if (run.finding(rule).isEmpty() && rule.scheduling() == Scheduling.PARALLEL) {
        parallel.add(run.submit(() -> judge(rule, examination, run)));
      }
    }
    for (Future<?> each : parallel) {
      run.await(each);
    }
    for (Rule rule : rules) {
      if (run.finding(rule).isEmpty()) {
        run.await(run.submit(() -> judge(rule, examination, run)));
      }
    }
  }

  /** Gives the rules that a run has not tried their verdict. */
  private void complete(Run run, Run.Ended early, List<String> notes) {
    List<Finding> rest =
        rules.stream()
            .filter(rule -> run.finding(rule).isEmpty())
            .map(rule -> finding(rule, early.verdict(), early.reason()))
            .toList();
    if (!rest.isEmpty()) {
      run.addUntested(rest);
      notes.add(
          "%d %s: %s".formatted(rest.size(), rest.size() == 1 ? "rule" : "rules", early.reason()));
    }
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

  private Void judge(Rule rule, Examination examination, Run run) throws InterruptedException {
    Semaphore permits = examination.permits(rule);
    permits.acquire();
    Finding finding;
    try {
      run.start(rule);
      finding = withSeed(seed, rule, examination);
      for (int i = 1; i < tries && finding.verdict() == Verdict.KEPT; i++) {
        finding = withSeed(seed + i, rule, examination);
      }
    } finally {
      permits.release();
    }
    run.report(finding);
    return null;
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
      } catch (InterruptedException e) {
        running.cancel(true);
        context.cancel();
        throw e;
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
