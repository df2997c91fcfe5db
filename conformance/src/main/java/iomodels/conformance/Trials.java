package iomodels.conformance;

import iomodels.conformance.Rule.Scheduling;
import iomodels.service.Service;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.BindException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongFunction;
import java.util.stream.Stream;

/**
 * Tests one rule, and repeats a test that the machine may have disturbed.
 *
 * <p>A timed rule counts as broken only if three tries break it and a {@link Control} server,
 * tested right afterwards, keeps it. There is no control server for rules that start or stop a
 * server, for programs and for clients. While a timed rule is repeated, no other kit on this
 * machine repeats a timed rule.
 *
 * <p>Any other rule that fails only because something came too late is repeated once if the
 * processors were hardly ever idle.
 *
 * <p>A late try is discarded if the {@link Machine} disturbed it: the kernel was short of TCP
 * memory, or the kit was not scheduled. So is any failed try if the kernel has reset connections
 * meanwhile for lack of memory. The rule is then tried again; after three discarded tries it is
 * inconclusive. If there is no control server, and other processes used at least half of the
 * processor time, the rule is tried once more with bounds that are wider the more they used. If the
 * server keeps these, only the machine may be slow: the rule is inconclusive as well.
 */
record Trials(Rule rule, Bounds bounds, Examination examination, Machine machine, boolean repeats) {

  private static final int TIMED_TRIES = 3;
  private static final int LATE_TRIES = 2;
  private static final int MAX_DISTURBED = 3;
  private static final Duration TIME_LIMIT = Duration.ofSeconds(90);

  /** Time for the machine to recover, before the first repetition of a disturbed try. */
  private static final long RECOVERY_MILLIS = 500;

  /** After a failure, time for a server that has closed its connections to have ended. */
  private static final Duration CRASH_DELAY = Duration.ofMillis(200);

  /** The machine is busy if other processes use at least this share of the processor time. */
  private static final double BUSY = 0.5;

  /** Tests the rule with this seed. */
  Finding judge(long seed) throws InterruptedException {
    Attempt first = attempt(seed);
    if (first.finding().verdict() != Verdict.BROKEN) {
      return first.isTimeout() ? unlessDisturbed(first) : first.finding();
    }
    if (!repeats || !first.mayBeDueToMachine()) {
      return first.finding();
    }
    if (!isTimed()) {
      return repeated(first, first.isOnSaturatedMachine() ? LATE_TRIES : 1);
    }
    try (TimedTurn _ = TimedTurn.take()) {
      return repeated(first, TIMED_TRIES);
    }
  }

  private boolean isTimed() {
    return rule.scheduling() == Scheduling.TIMED;
  }

  /**
   * Repeats a failed try until one passes, or until enough tries have failed.
   *
   * @param needed how many undisturbed failures break the rule
   */
  private Finding repeated(Attempt first, int needed) throws InterruptedException {
    Attempt attempt = first;
    Attempt counted = first; // Of several misses the first: a later one may be its consequence.
    int missed = attempt.disturbance().isPresent() ? 0 : 1;
    int disturbed = 1 - missed;
    while (missed < needed && disturbed < MAX_DISTURBED) {
      TimeUnit.MILLISECONDS.sleep(disturbed * RECOVERY_MILLIS);
      attempt = attempt(first.finding().seed());
      if (attempt.finding().verdict() != Verdict.BROKEN) {
        return attempt.isTimeout() ? unlessDisturbed(attempt) : attempt.finding();
      }
      if (attempt.disturbance().isPresent()) {
        disturbed++;
      } else {
        counted = missed == 0 ? attempt : counted;
        missed++;
      }
    }
    if (missed < needed) {
      return unlessDisturbed(attempt);
    }
    return isTimed() && examination.hasControl(rule)
        ? comparedWithControl(counted.finding())
        : unlessOnlySlow(counted);
  }

  private static Finding unlessDisturbed(Attempt missed) {
    Optional<String> others =
        missed.isTimeout() && missed.takenByOthers() >= BUSY
            ? Optional.of(share(missed.takenByOthers()))
            : Optional.empty();
    return missed
        .disturbance()
        .or(() -> others)
        .map(it -> inconclusive(missed.finding(), it))
        .orElse(missed.finding());
  }

  /** Returns the finding; inconclusive if the machine is busy and the server keeps wider bounds. */
  private Finding unlessOnlySlow(Attempt missed) throws InterruptedException {
    if (missed.takenByOthers() < BUSY) {
      return missed.finding();
    }
    Bounds wider = bounds.onBusyMachine(missed.takenByOthers());
    long seed = missed.finding().seed();
    Verdict slow = once(seed, it -> examination.context(rule, wider, it)).finding().verdict();
    return switch (slow) {
      case BROKEN -> missed.finding();
      case KEPT ->
          inconclusive(
              missed.finding(), "it kept wider bounds, and " + share(missed.takenByOthers()));
      case INCONCLUSIVE, ERROR, SKIPPED ->
          inconclusive(missed.finding(), share(missed.takenByOthers()));
    };
  }

  private static String share(double takenByOthers) {
    return "other processes had %.0f %% of the processors".formatted(100 * takenByOthers);
  }

  /** Returns the finding; inconclusive if the control server misses the bound as well. */
  private Finding comparedWithControl(Finding missed) throws InterruptedException {
    Service service = examination.service(rule);
    try (Control control = new Control(service)) {
      Finding other =
          once(missed.seed(), it -> new TestContext(control, service, bounds, it)).finding();
      return other.verdict() == Verdict.BROKEN
          ? inconclusive(missed, "so did the control server")
          : missed;
    } catch (IOException e) {
      return inconclusive(missed, "there is no control server: " + e.getMessage());
    }
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

  /**
   * A try, with the disturbances by the machine during it.
   *
   * @param mayBeDueToMachine whether a slow machine, or a kernel that resets connections, can be
   *     the reason for a failure
   * @param isTimeout whether the check did not end in time
   * @param disturbance why a failed try is discarded; empty if it counts
   * @param takenByOthers the share of the processor time, from 0 to 1, that other processes used
   * @param isOnSaturatedMachine whether the processors were hardly ever idle
   */
  private record Attempt(
      Finding finding,
      boolean mayBeDueToMachine,
      boolean isTimeout,
      Optional<String> disturbance,
      double takenByOthers,
      boolean isOnSaturatedMachine) {}

  private Attempt attempt(long seed) throws InterruptedException {
    Machine.Watch watch = machine.watch();
    Outcome outcome = once(seed, it -> examination.context(rule, bounds, it));
    boolean missed = outcome.finding().verdict() == Verdict.BROKEN;
    if (!missed && !outcome.isTimeout()) {
      return new Attempt(outcome.finding(), false, false, Optional.empty(), 0, false);
    }
    boolean aboutTime = isTimed() || outcome.isLate() || outcome.isTimeout();
    Optional<String> resets = watch.resets();
    Optional<String> disturbance = aboutTime ? resets.or(watch::shortage).or(watch::pause) : resets;
    return new Attempt(
        outcome.finding(),
        aboutTime || resets.isPresent(),
        outcome.isTimeout(),
        disturbance,
        watch.takenByOthers(),
        watch.isSaturated());
  }

  /**
   * The outcome of one try.
   *
   * @param isLate whether a timeout is the only failure
   * @param isTimeout whether the check did not end in time
   */
  private record Outcome(Finding finding, boolean isLate, boolean isTimeout) {}

  private Outcome once(long seed, LongFunction<TestContext> contexts) throws InterruptedException {
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
      boolean mayBeDueToCrash = true;
      boolean late = false;
      boolean timeout = false;
      try {
        running.get(TIME_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException _) {
        verdict = Verdict.ERROR;
        timeout = true;
        detail = "the check did not end within %d s".formatted(TIME_LIMIT.toSeconds());
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
            mayBeDueToCrash = false;
          }
          case IOException failure when Peer.isOfTheKit(failure) -> {
            verdict = Verdict.INCONCLUSIVE;
            detail =
                "the kit cannot open a socket: %s%s"
                    .formatted(
                        failure.getMessage(),
                        failure instanceof BindException
                            ? "; ended connections keep their ports for a minute (TIME_WAIT)"
                            : "");
            mayBeDueToCrash = false;
          }
          case null, default -> {
            verdict = Verdict.ERROR;
            detail = "the check failed: " + cause;
            trace = stackTrace(cause == null ? e : cause);
            mayBeDueToCrash = cause instanceof IOException;
          }
        }
      } catch (InterruptedException e) {
        running.cancel(true);
        context.cancel();
        throw e;
      } finally {
        running.cancel(true);
      }
      Optional<String> crash =
          mayBeDueToCrash
              ? context.crash(verdict == Verdict.KEPT ? Duration.ZERO : CRASH_DELAY)
              : Optional.empty();
      if (crash.isPresent()) {
        detail =
            verdict == Verdict.BROKEN
                ? "%s; the server %s".formatted(detail, crash.get())
                : "expected a server that keeps running, but it " + crash.get();
        verdict = Verdict.BROKEN;
        late = false;
        timeout = false;
        trace = List.of();
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
}
