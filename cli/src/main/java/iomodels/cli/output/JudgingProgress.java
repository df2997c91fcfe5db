package iomodels.cli.output;

import iomodels.conformance.Finding;
import iomodels.conformance.Observer;
import iomodels.conformance.Rule;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Shows on a progress bar which rules are being tested, and prints findings above it. */
public final class JudgingProgress implements Observer {

  private final Progress progress;
  private final String name;
  private final Consumer<Finding> printing;
  private final Set<String> running = new LinkedHashSet<>();

  /**
   * Creates an observer for one subject.
   *
   * @param progress has a step for each rule
   * @param name the name of the subject; empty if it is the only one
   * @param printing prints a finding, or nothing
   */
  public JudgingProgress(Progress progress, String name, Consumer<Finding> printing) {
    this.progress = progress;
    this.name = name;
    this.printing = printing;
    show();
  }

  @Override
  public void starts(Rule rule) {
    running.add(rule.id());
    show();
  }

  @Override
  public void found(Finding finding) {
    running.remove(finding.rule().id());
    progress.step();
    progress.aside(() -> printing.accept(finding));
    show();
  }

  /** Prints nothing: the report has a note with the number of these rules. */
  @Override
  public void notTested(List<Finding> findings) {
    running.clear();
    findings.forEach(_ -> progress.step());
  }

  private void show() {
    progress.say((name + " " + String.join(" ", running)).strip());
  }
}
