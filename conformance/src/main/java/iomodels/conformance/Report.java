package iomodels.conformance;

import iomodels.conformance.Rule.Precondition;
import iomodels.service.Service;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The findings about one subject.
 *
 * @param target name of the subject
 * @param findings one for each rule of the kit, in the kit's order
 * @param notes other observations, such as capabilities that the subject has but does not claim
 * @param waived what the user did not demand of the subject
 * @param services the services that a server was tested as; empty for a program and a client
 */
public record Report(
    String target,
    List<Finding> findings,
    List<String> notes,
    Set<Precondition> waived,
    List<Service> services) {

  /** Of the rules that a subject can be tested by, one in so many has to be tried. */
  private static final int TRIED_OF = 3;

  /** Creates a report on a program or a client of which everything was demanded. */
  public Report(String target, List<Finding> findings, List<String> notes) {
    this(target, findings, notes, Set.of(), List.of());
  }

  /** Returns whether a rule can be tested with what the subject provides. */
  public boolean concerns(Rule rule) {
    return services.isEmpty() || service(rule).isPresent();
  }

  /** Returns the service that a rule was tested with; empty if there is none. */
  public Optional<Service> service(Rule rule) {
    return services.isEmpty() ? Optional.empty() : service(rule, services);
  }

  /** Returns which of several services a rule is tested with; empty if there is none. */
  static Optional<Service> service(Rule rule, List<Service> services) {
    return rule.services().stream().filter(services::contains).findFirst();
  }

  /** Returns the number of rules that were kept or broken. */
  public long tried() {
    return count(Verdict.KEPT) + count(Verdict.BROKEN);
  }

  /**
   * Returns whether enough rules were tried to say that the subject conforms: at least a third of
   * those that concern it.
   */
  public boolean isEnough() {
    long concerning = findings.stream().filter(it -> concerns(it.rule())).count();
    return count(Verdict.KEPT) > 0 && TRIED_OF * tried() >= concerning;
  }

  /** Returns the number of findings with this verdict. */
  public long count(Verdict verdict) {
    return findings.stream().filter(finding -> finding.verdict() == verdict).count();
  }

  /** Returns the number of rules without an answer: inconclusive ones and failed checks. */
  public long unanswered() {
    return count(Verdict.INCONCLUSIVE) + count(Verdict.ERROR);
  }

  /**
   * Returns the verdict on the subject: {@link Verdict#BROKEN} if a binding rule was broken;
   * otherwise {@link Verdict#ERROR} if a check failed; otherwise {@link Verdict#INCONCLUSIVE} if
   * any rule was, or if not {@link #isEnough enough} were tried; otherwise {@link Verdict#KEPT}. It
   * is never {@link Verdict#SKIPPED}.
   *
   * @param strict whether rules of the level SHOULD bind as well
   */
  public Verdict outcome(boolean strict) {
    if (findings.stream().anyMatch(finding -> finding.isFailure(strict))) {
      return Verdict.BROKEN;
    }
    if (count(Verdict.ERROR) > 0) {
      return Verdict.ERROR;
    }
    return unanswered() == 0 && isEnough() ? Verdict.KEPT : Verdict.INCONCLUSIVE;
  }
}
