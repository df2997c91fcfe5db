package iomodels.cli.learn;

import iomodels.cli.output.ErrorReporter;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.Findings;
import iomodels.cli.output.Judged;
import iomodels.cli.output.UserError;
import iomodels.conformance.Verdict;
import iomodels.wrong.ladder.Ladder;
import iomodels.wrong.ladder.Stage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/** Judges a server by one stage, or by stage after stage until one is not passed. */
public final class Climb {

  private final String server;
  private final Invocation invocation;
  private final LadderProgress progress;
  private final LadderText text;
  private final LongSupplier seeds;
  private final boolean hint;
  private final List<Result> results = new ArrayList<>();

  /** The verdict on a stage; its JSON has these names. */
  public record Result(int number, String name, Verdict verdict, Findings.Plain report) {}

  /**
   * Creates a climb.
   *
   * @param server the command that starts the server
   * @param seeds the seed of each judging
   * @param hint whether to show the hint of a stage that is not passed
   */
  public Climb(
      String server,
      Invocation invocation,
      LadderProgress progress,
      LadderText text,
      LongSupplier seeds,
      boolean hint) {
    this.server = server;
    this.invocation = invocation;
    this.progress = progress;
    this.text = text;
    this.seeds = seeds;
    this.hint = hint;
  }

  /** The verdicts so far. */
  public List<Result> results() {
    return List.copyOf(results);
  }

  /**
   * Judges the server once.
   *
   * @param only the stage; empty for the next ones
   * @return the exit code
   * @throws UserError if the server does not start, or if there is nothing to judge
   */
  public int once(Optional<Stage> only) throws UserError, InterruptedException {
    try {
      return climb(only);
    } catch (IOException e) {
      throw new UserError(String.valueOf(e.getMessage()));
    }
  }

  /**
   * Judges the server, and again after each change: the only stage for ever, the next ones until
   * the server has passed them, or until one needs another command.
   *
   * @param only the stage; empty for the next ones
   * @param err receives why the server does not start: a change may mend that
   * @return the exit code
   * @throws UserError if no change of a file can help
   */
  public int watching(Optional<Stage> only, PrintWriter err)
      throws UserError, InterruptedException {
    Path folder = invocation.folder();
    try {
      FolderWatch files = new FolderWatch(folder);
      while (true) {
        Optional<Integer> code = climbIfItStarts(only, err);
        if (only.isEmpty() && code.filter(it -> it == ExitCode.OK).isPresent()) {
          return ExitCode.OK;
        }
        text.waits(folder);
        Set<Path> changed = files.awaitChange(text::notJudgedAgain);
        text.changed(changed);
      }
    } catch (IOException e) {
      throw new UserError("cannot watch %s: %s".formatted(folder.toAbsolutePath(), e));
    }
  }

  private Optional<Integer> climbIfItStarts(Optional<Stage> only, PrintWriter err)
      throws UserError, InterruptedException {
    try {
      return Optional.of(climb(only));
    } catch (IOException e) {
      ErrorReporter.report(err, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  private int climb(Optional<Stage> only) throws UserError, IOException, InterruptedException {
    if (only.isPresent()) {
      return judge(only.get());
    }
    Optional<Stage> next = progress.next();
    if (next.isEmpty()) {
      throw new UserError(
          "all %d stages are passed already, so nothing was judged; name a stage to judge it again: %s"
              .formatted(
                  Ladder.stages().size(), invocation.learn("STAGE --exec 'COMMAND {port}'")));
    }
    boolean isFirst = true;
    while (next.isPresent()) {
      List<String> missing = new StageJudge(next.get(), server, invocation).missing();
      if (!isFirst && !missing.isEmpty()) {
        text.needsAnotherCommand(next.get(), missing);
        return ExitCode.OK;
      }
      int code = judge(next.get());
      if (code != ExitCode.OK) {
        return code;
      }
      isFirst = false;
      next = progress.next();
    }
    text.end(Invocation.here("conform --help"));
    return ExitCode.OK;
  }

  private int judge(Stage stage) throws UserError, IOException, InterruptedException {
    Judged judged = new StageJudge(stage, server, invocation).judge(seeds.getAsLong());
    Verdict verdict = StageJudge.outcome(judged.report());
    results.add(new Result(stage.number(), stage.name(), verdict, Findings.plain(judged)));
    text.judged(stage, judged);
    if (verdict == Verdict.KEPT) {
      progress.pass(stage, server);
      text.explanation(stage);
      return ExitCode.OK;
    }
    if (hint) {
      text.hint(stage);
    }
    return verdict == Verdict.BROKEN ? ExitCode.NO : ExitCode.UNUSABLE;
  }
}
