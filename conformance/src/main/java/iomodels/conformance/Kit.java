package iomodels.conformance;

import static java.util.stream.Collectors.toCollection;

import iomodels.conformance.Rule.Need;
import iomodels.conformance.targets.Client;
import iomodels.conformance.targets.Loopback;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.conformance.targets.Target;
import iomodels.meter.CostMeter;
import iomodels.server.Notification;
import iomodels.server.spi.Capability;
import iomodels.service.Services;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/**
 * Tries rules on a target.
 *
 * <p>Rules that mostly wait run side by side, as far as the target serves clients at the same time.
 * Rules whose verdict is about time run alone after the others, and a miss counts only if it comes
 * back each of three times, and a {@link Control} server, tried right then, does not miss; for the
 * rules that start and stop a server, and for those of programs, there is no such control.
 *
 * @param rules what to try
 * @param bounds the numbers that rules depend on
 * @param seed the same seed makes the same bytes
 * @param tries how often to try what has been kept so far, each time with the next seed
 */
public record Kit(List<Rule> rules, Bounds bounds, long seed, int tries) {

  private static final int SIDE_BY_SIDE = 4;
  private static final int LAUNCHED_SIDE_BY_SIDE = 3;
  private static final int TIMED_TRIES = 3;
  private static final Duration LIMIT = Duration.ofSeconds(90);

  /** One that tries each rule once. */
  public Kit(List<Rule> rules, Bounds bounds, long seed) {
    this(rules, bounds, seed, 1);
  }

  /**
   * Tries every rule that applies.
   *
   * @param progress hears of each finding as it is made, in any order, one at a time
   * @throws IOException if the target cannot be started or reached, in words for the user
   * @throws InterruptedException if the caller no longer wants to know; nothing is left running,
   *     but the target itself, which is the caller's to close
   */
  public Report judge(Target target, Consumer<Finding> progress)
      throws IOException, InterruptedException {
    target.shared(
        rules.stream()
            .map(Rule::service)
            .filter(target::serves)
            .findFirst()
            .orElse(Services.UPPER));
    List<String> notes = new ArrayList<>();
    Set<Capability> capabilities = capabilities(target, notes);
    Map<Need, String> unmet = unmet(target, capabilities);
    boolean many =
        capabilities.contains(Capability.CONCURRENT) && target.maxConnections().isEmpty();
    Semaphore shared = new Semaphore(many ? SIDE_BY_SIDE : 1);
    Semaphore launched = new Semaphore(LAUNCHED_SIDE_BY_SIDE);
    Consumer<Finding> oneAtATime =
        finding -> {
          synchronized (notes) {
            progress.accept(finding);
          }
        };
    List<Finding> findings = new ArrayList<>();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Finding>> pending = new ArrayList<>();
      try {
        for (Rule rule : rules) {
          if (!rule.needs().contains(Need.TIMED) || !applies(rule, target, unmet).isEmpty()) {
            Semaphore lane = launches(rule) ? launched : shared;
            pending.add(executor.submit(() -> judge(rule, target, unmet, lane, oneAtATime)));
          }
        }
        for (Future<Finding> each : pending) {
          findings.add(each.get());
        }
        for (Rule rule : rules) {
          if (findings.stream().noneMatch(finding -> finding.rule().equals(rule))) {
            Callable<Finding> timed = () -> judge(rule, target, unmet, shared, oneAtATime);
            Future<Finding> future = executor.submit(timed);
            pending.add(future);
            findings.add(future.get());
          }
        }
      } catch (ExecutionException e) {
        throw new IllegalStateException("a rule's try must not throw", e);
      } finally {
        pending.forEach(future -> future.cancel(true));
      }
    }
    findings.sort((a, b) -> Rule.IN_ORDER.compare(a.rule(), b.rule()));
    return new Report(target.name(), List.copyOf(findings), List.copyOf(notes));
  }

  /**
   * Tries every rule on a client; they have to be rules for clients.
   *
   * @param progress hears of each finding as it is made
   * @throws InterruptedException if the caller no longer wants to know; nothing is left running
   */
  public Report judge(Client client, Consumer<Finding> progress) throws InterruptedException {
    List<Finding> findings = new ArrayList<>();
    for (Rule rule : rules) {
      Finding finding =
          again(it -> once(rule, it, own -> new Trial(client, rule.service(), bounds, own)));
      progress.accept(finding);
      findings.add(finding);
    }
    return new Report(client.name(), List.copyOf(findings), List.of());
  }

  /**
   * Tries every rule on a program; they have to be its own.
   *
   * @param progress hears of each finding as it is made, in any order, one at a time
   * @throws InterruptedException if the caller no longer wants to know; nothing is left running,
   *     but the target itself
   */
  public Report judge(ProgramTarget target, Consumer<Finding> progress)
      throws InterruptedException {
    List<Finding> findings = new ArrayList<>();
    Semaphore lane = new Semaphore(SIDE_BY_SIDE);
    Consumer<Finding> heard =
        finding -> {
          synchronized (findings) {
            findings.add(finding);
            progress.accept(finding);
          }
        };
    Attempts attempts =
        rule -> {
          String reason = unmet(rule, target);
          return reason.isEmpty()
              ? again(it -> repeatedly(rule, it, own -> new Trial(target, bounds, own)))
              : new Finding(rule, Verdict.SKIPPED, reason, List.of(), Duration.ZERO, seed);
        };
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Void>> pending = new ArrayList<>();
      try {
        for (Rule rule : rules) {
          if (!isTriedAlone(rule)) {
            pending.add(
                executor.submit(
                    () -> {
                      lane.acquire();
                      try {
                        heard.accept(attempts.at(rule));
                      } finally {
                        lane.release();
                      }
                      return null;
                    }));
          }
        }
        for (Future<Void> each : pending) {
          each.get();
        }
      } catch (ExecutionException e) {
        throw new IllegalStateException("a rule's try must not throw", e);
      } finally {
        pending.forEach(future -> future.cancel(true));
      }
    }
    for (Rule rule : rules) {
      if (isTriedAlone(rule)) {
        heard.accept(attempts.at(rule));
      }
    }
    findings.sort((a, b) -> a.rule().id().compareTo(b.rule().id()));
    return new Report(target.name(), List.copyOf(findings), List.of());
  }

  private static boolean isTriedAlone(Rule rule) {
    return rule.needs().contains(Need.TIMED) || rule.needs().contains(Need.ALONE);
  }

  /** Why a rule does not apply to that program; empty if it does. */
  private static String unmet(Rule rule, ProgramTarget target) {
    if (rule.needs().contains(Need.PAUSE) && !target.launchesAlone()) {
      return Need.PAUSE.otherwise();
    }
    return rule.needs().contains(Need.PROCESS) ? unseen(target) : "";
  }

  /** Why the process of a program cannot be seen; empty if it can. */
  private static String unseen(ProgramTarget target) {
    if (!target.launchesProcesses()) {
      return Need.PROCESS.otherwise();
    }
    return CostMeter.of(ProcessHandle.current()).isEmpty() ? Need.NO_PROC : "";
  }

  /** If its verdict is about time, a miss counts if it comes back every time. */
  private Finding repeatedly(Rule rule, long seed, LongFunction<Trial> trials)
      throws InterruptedException {
    Finding finding = once(rule, seed, trials);
    int times = rule.needs().contains(Need.TIMED) ? TIMED_TRIES : 1;
    for (int i = 1; i < times && finding.verdict() == Verdict.BROKEN; i++) {
      finding = once(rule, seed, trials);
    }
    return finding;
  }

  private interface Attempts {
    Finding at(Rule rule) throws InterruptedException;
  }

  /** What there is to report of a target that could not be started or reached. */
  public Report untried(String target, String why) {
    List<Finding> findings = rules.stream().map(rule -> unknown(rule, why)).toList();
    return new Report(target, findings, List.of());
  }

  /** Whether it is tried on servers of its own. */
  private static boolean launches(Rule rule) {
    return rule.needs().contains(Need.LIFE) || rule.needs().contains(Need.PROCESS);
  }

  private Finding judge(
      Rule rule, Target target, Map<Need, String> unmet, Semaphore lane, Consumer<Finding> progress)
      throws InterruptedException {
    String reason = applies(rule, target, unmet);
    Finding finding;
    if (reason.isEmpty()) {
      lane.acquire();
      try {
        finding =
            again(
                it ->
                    rule.needs().contains(Need.TIMED)
                        ? timed(rule, it, target)
                        : once(rule, it, target));
      } finally {
        lane.release();
      }
    } else {
      finding = new Finding(rule, Verdict.SKIPPED, reason, List.of(), Duration.ZERO, seed);
    }
    progress.accept(finding);
    return finding;
  }

  /** Something that is tried with a seed. */
  private interface Attempt {
    Finding with(long seed) throws InterruptedException;
  }

  /** The first finding that is not that the rule was kept, or the last. */
  private Finding again(Attempt attempt) throws InterruptedException {
    Finding finding = attempt.with(seed);
    for (int i = 1; i < tries && finding.verdict() == Verdict.KEPT; i++) {
      finding = attempt.with(seed + i);
    }
    return finding;
  }

  /** Why a rule does not apply, the same reason every time; empty if it does. */
  private static String applies(Rule rule, Target target, Map<Need, String> unmet) {
    if (!target.serves(rule.service())) {
      return "the target does not serve " + rule.service().name();
    }
    return rule.needs().stream()
        .sorted()
        .filter(unmet::containsKey)
        .findFirst()
        .map(unmet::get)
        .orElse("");
  }

  /** What is not true of a target, and in which words. */
  private Map<Need, String> unmet(Target target, Set<Capability> capabilities) {
    Map<Need, Boolean> met = new EnumMap<>(Need.class);
    boolean concurrent = capabilities.contains(Capability.CONCURRENT);
    met.put(Need.CONCURRENT, concurrent);
    met.put(Need.SEQUENTIAL, !concurrent);
    met.put(Need.HALF_CLOSE, capabilities.contains(Capability.HALF_CLOSE));
    met.put(Need.DATAGRAMS, capabilities.contains(Capability.DATAGRAMS));
    met.put(Need.REPLY_SOURCE, capabilities.contains(Capability.REPLY_SOURCE));
    met.put(Need.HOST, target.launchesOnAnyHost());
    met.put(Need.IPV6, Loopback.hasIpv6());
    met.put(Need.LIFE, target.launchable());
    met.put(Need.PROCESS, target.launchesProcesses());
    met.put(Need.LIMIT, target.launchesProcesses());
    met.put(Need.DECLARED, target.card().isPresent());
    boolean poller =
        target.card().filter(it -> it.notification() == Notification.POLLING).isPresent();
    met.put(Need.TOLD, !poller);
    met.put(Need.POLLER, poller);
    Map<Need, String> unmet = new EnumMap<>(Need.class);
    met.forEach(
        (need, isMet) -> {
          if (!isMet) {
            unmet.put(need, need.otherwise());
          }
        });
    if (CostMeter.of(ProcessHandle.current()).isEmpty()) {
      unmet.putIfAbsent(Need.PROCESS, Need.NO_PROC);
    }
    int limit = bounds.count(Bound.DESCRIPTOR_LIMIT);
    if (target.maxConnections().orElse(limit) < limit) {
      unmet.put(
          Need.LIMIT,
          "it serves %d clients, who cannot take %d descriptors"
              .formatted(target.maxConnections().getAsInt(), limit));
    }
    return unmet;
  }

  /** A miss counts if it comes back every time and the control server does not miss. */
  private Finding timed(Rule rule, long seed, Target target) throws InterruptedException {
    Finding finding = once(rule, seed, target);
    for (int i = 1; i < TIMED_TRIES && finding.verdict() == Verdict.BROKEN; i++) {
      finding = once(rule, seed, target);
    }
    if (finding.verdict() == Verdict.BROKEN && !rule.needs().contains(Need.LIFE)) {
      try (Control control = new Control(rule.service())) {
        Finding other = once(rule, seed, control);
        if (other.verdict() == Verdict.BROKEN) {
          String detail = "%s; but so did the control server".formatted(finding.detail());
          return new Finding(
              rule, Verdict.UNKNOWN, detail, finding.transcript(), finding.took(), finding.seed());
        }
      } catch (IOException e) {
        return unknown(rule, "no control server: " + e.getMessage());
      }
    }
    return finding;
  }

  private Finding once(Rule rule, long seed, Target target) throws InterruptedException {
    return once(rule, seed, own -> new Trial(target, rule.service(), bounds, own));
  }

  private static Finding once(Rule rule, long seed, LongFunction<Trial> trials)
      throws InterruptedException {
    long start = System.nanoTime();
    try (Trial trial = trials.apply(seed ^ rule.id().hashCode());
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Void> running =
          executor.submit(
              () -> {
                rule.check().run(trial);
                return null;
              });
      Verdict verdict = Verdict.KEPT;
      String detail = "";
      try {
        running.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException _) {
        verdict = Verdict.UNKNOWN;
        detail = "it was not over after %d s, when the kit gave up".formatted(LIMIT.toSeconds());
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Broken broken) {
          verdict = Verdict.BROKEN;
          detail = String.valueOf(broken.getMessage());
        } else {
          verdict = Verdict.UNKNOWN;
          detail = "the kit could not try: " + e.getCause();
        }
      } finally {
        running.cancel(true);
      }
      List<String> transcript = verdict == Verdict.KEPT ? List.of() : trial.transcript();
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      return new Finding(rule, verdict, detail, transcript, took, seed);
    }
  }

  private Finding unknown(Rule rule, String detail) {
    return new Finding(rule, Verdict.UNKNOWN, detail, List.of(), Duration.ZERO, seed);
  }

  /** What is claimed; where nobody has claimed anything, what a probe finds. */
  private Set<Capability> capabilities(Target target, List<String> notes)
      throws IOException, InterruptedException {
    Set<Capability> found =
        Probe.capabilities(target, bounds, target.claims().orElse(Set.of()), seed);
    if (target.claims().isEmpty()) {
      notes.add("nothing is claimed; found: " + found);
      return found;
    }
    Set<Capability> claims = target.claims().get();
    found.stream()
        .filter(capability -> !claims.contains(capability))
        .map(capability -> "does not claim " + capability + ", but seems to be capable of it")
        .forEach(notes::add);
    return claims.stream().collect(toCollection(() -> EnumSet.noneOf(Capability.class)));
  }
}
