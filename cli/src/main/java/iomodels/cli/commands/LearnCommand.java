package iomodels.cli.commands;

import iomodels.cli.learn.Climb;
import iomodels.cli.learn.Invocation;
import iomodels.cli.learn.LadderProgress;
import iomodels.cli.learn.LadderText;
import iomodels.cli.learn.Starter;
import iomodels.cli.learn.Words;
import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.options.JsonOption;
import iomodels.cli.options.SeedOption;
import iomodels.cli.options.StageNames;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.ShellQuoting;
import iomodels.cli.output.UserError;
import iomodels.wrong.ladder.Ladder;
import iomodels.wrong.ladder.Language;
import iomodels.wrong.ladder.Stage;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code learn}: a ladder of twelve stages for a server in any language. */
@Command(
    name = "learn",
    description = {
      "Build a server in any language, stage by stage, judged by the conformance rules.",
      "Without arguments: all stages, those that you have passed, and the next one. With STAGE:"
          + " what to build, why, a server that fails, and the rules. With --exec: judge your"
          + " server; the explanation follows when it has passed."
    },
    footer = {
      "",
      "  iomodels learn --starter python -o my-server",
      "  iomodels learn half-close",
      "  iomodels learn 3 --hint",
      "  iomodels learn --exec 'python3 server.py {port} {service}'",
      "  iomodels learn --watch --exec 'python3 server.py {port} {service}'",
      "",
      "Exit code: 0 the stages that were tried are passed, 1 a rule is broken or the server is"
          + " of another kind, 2 no verdict: a rule is inconclusive or was skipped."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class LearnCommand implements Callable<Integer> {

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      arity = "0..1",
      paramLabel = "STAGE",
      completionCandidates = StageNames.class,
      description = "Number or name of a stage: 3 or stream. Without it: the next one.")
  private Optional<String> wanted = Optional.empty();

  @Option(
      names = "--exec",
      paramLabel = "'COMMAND {port}'",
      description =
          "Judge your server, which the kit starts and stops as conform does. {port} is replaced by"
              + " the port, {service} by the service; each stage says what it needs. Without STAGE,"
              + " a stage that is passed is followed by the next one.")
  private Optional<String> command = Optional.empty();

  @Option(
      names = "--watch",
      description =
          "Judge again when a file of the folder has changed, until all stages are passed or the"
              + " next one needs another command; with STAGE until Ctrl-C.")
  private boolean watch;

  @Option(
      names = "--hint",
      description = "Show the hint of the stage; with --exec, if it is not passed.")
  private boolean hint;

  @Option(names = "--list", description = "List the stages only.")
  private boolean list;

  @Option(
      names = "--starter",
      paramLabel = "LANGUAGE",
      description =
          "Write a first server, which passes the first stages: ${COMPLETION-CANDIDATES}.")
  private Optional<Starter> starter = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      description = "Folder for --starter (default: this folder).")
  private Optional<Path> output = Optional.empty();

  @Option(
      names = "--folder",
      paramLabel = "DIR",
      description =
          "Folder of your project (default: this folder): it has the file "
              + LadderProgress.FILE
              + " with your progress, and --watch watches it.")
  private Path folder = Path.of("");

  @Option(names = "--reset", description = "Forget your progress: delete that file.")
  private boolean reset;

  @Option(
      names = "--language",
      paramLabel = "en|zh",
      description = "Language of the texts (default: that of LC_ALL, LC_MESSAGES or LANG).")
  private Optional<Language> language = Optional.empty();

  @Mixin private SeedOption seed = new SeedOption();

  @Mixin private JsonOption json = new JsonOption();

  /** A stage; its JSON has these names. */
  record StageRow(
      int number, String name, String title, List<String> rules, boolean passed, boolean next) {}

  @Override
  public Integer call() throws UserError, InterruptedException {
    demandThatOptionsFit();
    json.demandWritable();
    PrintWriter standard = spec.commandLine().getOut();
    PrintWriter out = json.isStandardOutput() ? new PrintWriter(Writer.nullWriter()) : standard;
    Invocation invocation = new Invocation(folder);
    LadderText text = new LadderText(out, new Words(language()), invocation);
    if (starter.isPresent()) {
      return writeStarter(starter.get(), out, text);
    }
    if (reset) {
      boolean existed = LadderProgress.reset(folder);
      text.say(existed ? "reset.done" : "reset.nothing", folder.resolve(LadderProgress.FILE));
      return ExitCode.OK;
    }
    Optional<Stage> stage =
        wanted.isPresent() ? Optional.of(ArgumentResolver.stage(wanted.get())) : Optional.empty();
    LadderProgress progress = new LadderProgress(invocation);
    if (command.isPresent()) {
      progress.demandWritable();
      Climb climb = new Climb(command.get(), invocation, progress, text, seed::orNew, hint);
      int code = watch ? climb.watching(stage, spec.commandLine().getErr()) : climb.once(stage);
      json.write(climb.results(), standard);
      return code;
    }
    if (hint || stage.isPresent()) {
      Stage shown = stage.or(progress::next).orElseGet(Ladder.stages()::getLast);
      if (hint) {
        text.hint(shown);
      } else {
        text.stage(shown);
      }
    } else {
      text.ladder(progress);
      if (!list) {
        text.begin(progress);
      }
    }
    json.write(rows(progress), standard);
    return ExitCode.OK;
  }

  private void demandThatOptionsFit() throws UserError {
    List<String> modes = new ArrayList<>();
    command.ifPresent(_ -> modes.add("--exec"));
    starter.ifPresent(_ -> modes.add("--starter"));
    if (list) {
      modes.add("--list");
    }
    if (reset) {
      modes.add("--reset");
    }
    if (modes.size() > 1) {
      throw new UserError("%s: leave one of them out".formatted(String.join(" and ", modes)));
    }
    if (watch && command.isEmpty()) {
      throw new UserError("--watch needs a server to judge; add --exec 'COMMAND {port}'");
    }
    if (json.file().isPresent() && (watch || starter.isPresent() || reset)) {
      throw new UserError(
          "--json has nothing to write with %s; leave one of them out"
              .formatted(watch ? "--watch" : modes.getFirst()));
    }
    if (output.isPresent() && starter.isEmpty()) {
      throw new UserError("-o is the folder of --starter; add --starter LANGUAGE");
    }
    if (wanted.isPresent() && !modes.isEmpty() && command.isEmpty()) {
      throw new UserError("%s takes no STAGE; leave it out".formatted(modes.getFirst()));
    }
  }

  private int writeStarter(Starter wantedStarter, PrintWriter out, LadderText text)
      throws UserError {
    Path target = output.orElse(Path.of(""));
    for (Path file : wantedStarter.write(target)) {
      text.say("starter.written", file);
    }
    text.say("starter.next");
    if (output.isPresent()) {
      out.println("  cd " + ShellQuoting.word(target.toString()));
    }
    out.printf("  %s%n", wantedStarter.learnCommand(target));
    return ExitCode.OK;
  }

  private Language language() {
    return language.orElseGet(() -> Words.wanted(System.getenv()));
  }

  private List<StageRow> rows(LadderProgress progress) {
    Language shown = language();
    return Ladder.stages().stream()
        .map(
            it ->
                new StageRow(
                    it.number(),
                    it.name(),
                    it.text(shown).title(),
                    it.rules(),
                    progress.hasPassed(it),
                    progress.next().filter(it::equals).isPresent()))
        .toList();
  }
}
