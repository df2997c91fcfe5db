package iomodels.conformance;

import static java.util.stream.Collectors.joining;

import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.Rule.Scheduling;
import iomodels.conformance.targets.Client;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.conformance.targets.Subject;
import iomodels.conformance.targets.Target;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/**
 * The engine: tests a subject, which is a server, a program or a client, by rules.
 *
 * <p>Rules run in parallel, as far as the subject allows it. Rules that are {@code TIMED} or {@code
 * ALONE} run one at a time, after the others. {@link Trials} says when a rule counts as broken.
 *
 * @param rules the rules, in the order of the report
 * @param bounds the numbers that rules depend on
 * @param seed determines the bytes that are sent
 * @param tries how often to test each rule, with consecutive seeds; stops when it is not kept
 * @param repeats whether a rule is repeated if it was missed by too late an event
 * @param waived what is not demanded of a subject: rules about it are skipped
 */
public record Kit(
    List<Rule> rules,
    Bounds bounds,
    long seed,
    int tries,
    boolean repeats,
    Set<Precondition> waived) {

  /** Creates a kit that tests each rule once. */
  public Kit(List<Rule> rules, Bounds bounds, long seed) {
    this(rules, bounds, seed, 1);
  }

  /** Creates a kit that tests each rule with several seeds. */
  public Kit(List<Rule> rules, Bounds bounds, long seed, int tries) {
    this(rules, bounds, seed, tries, true, Set.of());
  }

  /** Returns a kit that does not doubt a late miss: for servers that are known to be wrong. */
  public Kit withoutRepeats() {
    return new Kit(rules, bounds, seed, tries, false, waived);
  }

  /** Returns a kit that skips the rules with these preconditions, and says so in its reports. */
  public Kit waiving(Set<Precondition> preconditions) {
    return new Kit(rules, bounds, seed, tries, repeats, Set.copyOf(preconditions));
  }

  /** Returns a kit that tests other rules. */
  public Kit testing(List<Rule> others) {
    return new Kit(others, bounds, seed, tries, repeats, waived);
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
   * Tests every rule that applies, until a condition is met.
   *
   * <p>A server that is no model is first probed, unless the rules were selected without 1.01. If
   * it provides another protocol than its service, all rules are skipped.
   *
   * @param subject stays open; the caller closes it
   * @param stop ends the run early; running checks are cancelled
   * @param observer receives the progress
   * @throws IOException if the subject cannot be started or reached, in words for the user
   * @throws InterruptedException if the calling thread is interrupted; no check is left running
   */
  public Report judge(Subject subject, StopCondition stop, Observer observer)
      throws IOException, InterruptedException {
    try (ThisMachine machine = new ThisMachine()) {
      return judge(subject, stop, observer, machine);
    }
  }

  /** Tests the rules, and detects disturbances by the given machine. */
  Report judge(Subject subject, StopCondition stop, Observer observer, Machine machine)
      throws IOException, InterruptedException {
    List<String> notes = new ArrayList<>();
    Optional<Run.Ended> early = Optional.empty();
    Run run = new Run(stop, observer);
    try (run) {
      demandProtocol(subject, run);
      Examination examination = run.await(run.submit(() -> examine(subject)));
      notes.addAll(examination.notes());
      judge(examination, machine, run);
    } catch (Run.Ended e) {
      early = Optional.of(e);
    }
    early.ifPresent(it -> complete(run, it, notes));
    List<Finding> findings = rules.stream().flatMap(rule -> run.finding(rule).stream()).toList();
    List<Service> services = services(subject);
    if (services.size() > 1 && !(subject instanceof Target server && server.card().isPresent())) {
      services.forEach(it -> notes.add(usesOf(it, services, findings)));
    }
    return new Report(subject.name(), findings, List.copyOf(notes), waived, services);
  }

  /**
   * Probes whether a server that is no model provides the services that it is tested as, and
   * whether a program of others is what it is tested as.
   *
   * @throws Run.Ended if it plainly provides something else
   */
  private void demandProtocol(Subject subject, Run run)
      throws Run.Ended, IOException, InterruptedException {
    if (subject instanceof ProgramTarget program) {
      demandProtocol(program, run);
      return;
    }
    if (!(subject instanceof Target server)
        || server.card().isPresent()
        || rules.stream().noneMatch(ProtocolProbe::isBasic)) {
      return;
    }
    for (Service each : services(server)) {
      Optional<String> mismatch =
          run.await(run.submit(() -> ProtocolProbe.findMismatch(server, each, bounds)));
      if (mismatch.isPresent()) {
        throw new Run.Ended(
            Verdict.SKIPPED,
            "the server does not serve %s: %s".formatted(each.name(), mismatch.get()));
      }
    }
  }

  private void demandProtocol(ProgramTarget program, Run run)
      throws Run.Ended, IOException, InterruptedException {
    if (!program.isExternal() || rules.stream().noneMatch(ProgramProbe::isBasic)) {
      return;
    }
    Optional<String> mismatch =
        run.await(run.submit(() -> ProgramProbe.findMismatch(program, bounds)));
    if (mismatch.isPresent()) {
      throw new Run.Ended(
          Verdict.SKIPPED,
          "this is not the program %s: %s".formatted(program.program().name(), mismatch.get()));
    }
  }

  /** Tries every rule that applies and has no finding yet. */
  private void judge(Examination examination, Machine machine, Run run)
      throws Run.Ended, IOException, InterruptedException {
    for (Rule rule : rules) {
      String reason = examination.reasonToSkip(rule);
      if (!reason.isEmpty() && run.finding(rule).isEmpty()) {
        run.report(finding(rule, Verdict.SKIPPED, reason));
      }
    }
    List<Future<?>> parallel = new ArrayList<>();
    for (Rule rule : rules) {
      if (run.finding(rule).isEmpty() && isParallel(rule)) {
        parallel.add(run.submit(() -> judge(rule, examination, machine, run)));
      }
    }
    for (Future<?> each : parallel) {
      run.await(each);
    }
    for (Rule rule : rules) {
      if (run.finding(rule).isEmpty()) {
        run.await(run.submit(() -> judge(rule, examination, machine, run)));
      }
    }
  }

  private static boolean isParallel(Rule rule) {
    return rule.scheduling() == Scheduling.PARALLEL || rule.scheduling() == Scheduling.WAITING;
  }

  private static List<Service> services(Subject subject) {
    return subject instanceof Target server
        ? Services.all().stream().filter(server::serves).toList()
        : List.of();
  }

  /** Says which rules were tested with one of several services. */
  private static String usesOf(Service service, List<Service> services, List<Finding> findings) {
    String ids =
        findings.stream()
            .filter(it -> it.verdict() != Verdict.SKIPPED)
            .filter(it -> Report.service(it.rule(), services).filter(service::equals).isPresent())
            .map(it -> it.rule().id())
            .collect(joining(" "));
    return ids.isEmpty()
        ? "no rule was tested with %1$s, since the others come first; test %1$s alone"
            .formatted(service.name())
        : "tested with %s: %s".formatted(service.name(), ids);
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
      case Target server -> ServerExamination.of(server, rules, bounds, seed, waived);
      case ProgramTarget program -> new ProgramExamination(program, waived);
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
    return new Report(name, findings, List.of(), waived, List.of());
  }

  private Void judge(Rule rule, Examination examination, Machine machine, Run run)
      throws InterruptedException {
    Semaphore permits = examination.permits(rule);
    permits.acquire();
    Finding finding;
    try {
      run.start(rule);
      Trials trials = new Trials(rule, bounds, examination, machine, repeats);
      finding = trials.judge(seed);
      for (int i = 1; i < tries && finding.verdict() == Verdict.KEPT; i++) {
        finding = trials.judge(seed + i);
      }
    } finally {
      permits.release();
    }
    run.report(finding);
    return null;
  }

  private Finding finding(Rule rule, Verdict verdict, String reason) {
    return new Finding(rule, verdict, reason, List.of(), Duration.ZERO, seed);
  }
}
