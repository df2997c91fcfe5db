package iomodels.cli.learn;

import iomodels.cli.output.Findings;
import iomodels.cli.output.Judged;
import iomodels.cli.output.JudgingProgress;
import iomodels.cli.output.Progress;
import iomodels.cli.output.ShellQuoting;
import iomodels.cli.output.UserError;
import iomodels.cli.targets.ProgramTargets;
import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.StopCondition;
import iomodels.conformance.Verdict;
import iomodels.conformance.targets.CommandTarget;
import iomodels.conformance.targets.ProgramCommandTarget;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.conformance.targets.Subject;
import iomodels.server.spi.Capability;
import iomodels.service.Services;
import iomodels.wrong.ladder.Stage;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Judges a command by the rules of a stage, as {@code conform} does. */
public final class StageJudge {

  private final Stage stage;
  private final String command;
  private final Invocation invocation;

  /**
   * Creates a judge.
   *
   * @param command starts the server; has the placeholders of the stage
   * @param invocation the commands to suggest
   */
  public StageJudge(Stage stage, String command, Invocation invocation) {
    this.stage = stage;
    this.command = command;
    this.invocation = invocation;
  }

  /** The rules of a stage. */
  public static List<Rule> rules(Stage stage) {
    return Findings.allRules().stream().filter(it -> stage.rules().contains(it.id())).toList();
  }

  /** The placeholders that the stage needs, and that the command lacks. */
  public List<String> missing() {
    return stage.placeholders().stream().filter(it -> !command.contains(it)).toList();
  }

  /**
   * Judges the command.
   *
   * @throws UserError if it lacks a placeholder
   * @throws IOException if it does not start; the message is for the user
   */
  public Judged judge(long seed) throws UserError, IOException, InterruptedException {
    List<String> missing = missing();
    if (!missing.isEmpty()) {
      throw new UserError(
          "stage %s needs %s in --exec; see: %s"
              .formatted(
                  stage.name(), String.join(" and ", missing), invocation.learn(stage.name())));
    }
    Kit kit = new Kit(rules(stage), Bounds.STANDARD, seed);
    try (Progress progress = Progress.of(kit.rules().size());
        Subject subject = subject()) {
      if (subject instanceof ProgramTarget program) {
        ProgramTargets.demandThatItStarts(program);
      }
      Report report =
          kit.judge(subject, StopCondition.NONE, new JudgingProgress(progress, "", _ -> {}));
      return new Judged(report, conformCommand(), "", seed, Instant.now(), true);
    }
  }

  private Subject subject() {
    return stage
        .program()
        .<Subject>map(it -> new ProgramCommandTarget(it, command))
        .orElseGet(
            () ->
                new CommandTarget(
                    command,
                    stage.services(),
                    stage.claims().isEmpty() ? Optional.empty() : Optional.of(stage.claims())));
  }

  /** The command that judges the same server by all rules. */
  String conformCommand() {
    StringBuilder conform = new StringBuilder(Invocation.here("conform"));
    stage.program().ifPresent(it -> conform.append(" --program ").append(it));
    conform.append(" --exec ").append(ShellQuoting.quoted(command));
    if (!stage.services().isEmpty() && !stage.services().equals(List.of(Services.UPPER))) {
      conform.append(" --service ").append(stage.serviceNames());
    }
    for (Capability each : stage.claims().stream().sorted().toList()) {
      conform.append(" --capability ").append(each);
    }
    return conform.toString();
  }

  /**
   * Returns what the server is instead, if it plainly is of another kind than the stage demands:
   * then the kit has tried no rule, and its notes have the reason.
   */
  public static Optional<String> mismatch(Report report) {
    List<String> reasons = report.findings().stream().map(Finding::detail).distinct().toList();
    if (reasons.size() != 1 || report.count(Verdict.SKIPPED) != report.findings().size()) {
      return Optional.empty();
    }
    return Optional.of(reasons.getFirst())
        .filter(reason -> report.notes().stream().anyMatch(it -> it.endsWith(": " + reason)));
  }

  /**
   * Returns what the verdict on a stage is: {@link Verdict#KEPT} only if all its rules were kept;
   * {@link Verdict#BROKEN} also for a server of another kind; otherwise the first of broken, error,
   * inconclusive and skipped that any rule has.
   */
  public static Verdict outcome(Report report) {
    if (mismatch(report).isPresent()) {
      return Verdict.BROKEN;
    }
    return List.of(Verdict.BROKEN, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.SKIPPED).stream()
        .filter(it -> report.count(it) > 0)
        .findFirst()
        .orElse(Verdict.KEPT);
  }
}
