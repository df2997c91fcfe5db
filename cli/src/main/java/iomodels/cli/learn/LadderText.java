package iomodels.cli.learn;

import static java.util.stream.Collectors.joining;

import iomodels.cli.output.Judged;
import iomodels.cli.output.TerminalWidth;
import iomodels.cli.output.TextReport;
import iomodels.cli.output.WrappedText;
import iomodels.cli.project.ProjectFiles;
import iomodels.conformance.Report;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.wrong.ladder.Ladder;
import iomodels.wrong.ladder.Passage;
import iomodels.wrong.ladder.Stage;
import iomodels.wrong.ladder.StageText;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Help.Ansi;

/** Prints the ladder and its stages in the user's language. */
public final class LadderText {

  private static final String INDENT = "  ";
  private static final String COMMAND = INDENT + "  ";
  private static final int WIDEST = 100;

  private final PrintWriter out;
  private final Words words;
  private final Invocation invocation;
  private final int width;

  /**
   * Creates a printer whose lines fit the terminal.
   *
   * @param invocation the commands to suggest
   */
  public LadderText(PrintWriter out, Words words, Invocation invocation) {
    this.out = out;
    this.words = words;
    this.invocation = invocation;
    width = Math.min(WIDEST, TerminalWidth.ofStandardOutput());
  }

  /** A command that judges a server of the stage. */
  private String example(Stage stage) {
    return invocation.learn(
        "%s --exec 'COMMAND %s'".formatted(stage.name(), String.join(" ", stage.placeholders())));
  }

  /** Prints all stages, with a mark at those that are passed, and at the next one. */
  public void ladder(LadderProgress progress) {
    paragraph(words.of("ladder", progress.count(), Ladder.stages().size()), "");
    out.println();
    Optional<Stage> next = progress.next();
    int markWidth =
        Math.max(
            WrappedText.width(words.of("mark.passed")), WrappedText.width(words.of("mark.next")));
    for (Stage stage : Ladder.stages()) {
      boolean isNext = next.filter(stage::equals).isPresent();
      String mark = isNext ? "mark.next" : progress.hasPassed(stage) ? "mark.passed" : "mark.open";
      String style = isNext ? "bold" : progress.hasPassed(stage) ? "green" : "faint";
      String shown = WrappedText.padded(words.of(mark), markWidth);
      out.printf(
          "%s%s  %2d  %-18s%s%n",
          INDENT,
          Ansi.AUTO.string("@|%s %s|@".formatted(style, shown)),
          stage.number(),
          stage.name(),
          stage.text(words.language()).title());
    }
    out.flush();
  }

  /** Prints how to begin, or how to go on. */
  public void begin(LadderProgress progress) {
    out.println();
    Optional<Stage> next = progress.next();
    if (next.isPresent()) {
      Stage stage = next.get();
      String placeholders = String.join(" ", stage.placeholders());
      String command =
          progress
              .lastCommand()
              .filter(it -> stage.placeholders().stream().allMatch(it::contains))
              .orElse("COMMAND " + placeholders);
      advice(invocation.learn(stage.name()), "begin.text");
      advice(
          invocation.learn("--exec '%s'".formatted(command.replace("'", "'\\''"))), "begin.judge");
      if (progress.count() == 0) {
        advice(Invocation.here("learn --starter python -o my-server"), "begin.starter");
      }
    } else {
      paragraph(words.of("ladder.done"), "");
    }
    out.println();
    paragraph(words.of("begin.file", progress.file()), "");
  }

  private void advice(String command, String key) {
    out.println(command);
    out.println(COMMAND + words.of(key));
  }

  /** Prints a stage: what to build, why, a wrong server, the rules, and how to be judged. */
  public void stage(Stage stage) {
    StageText text = stage.text(words.language());
    heading(title(stage));
    part(text.build());
    part(text.why());
    part(text.before());
    paragraph(words.of("stage.before.again"), INDENT);
    out.println(COMMAND + Invocation.here(stage.failing()));
    subheading(words.of("stage.rules"));
    for (Rule rule : StageJudge.rules(stage)) {
      List<String> lines = WrappedText.wrapped(rule.sentence(), width - INDENT.length() - 6);
      for (int i = 0; i < lines.size(); i++) {
        out.printf("%s%-6s%s%n", INDENT, i == 0 ? rule.id() : "", lines.get(i));
      }
    }
    subheading(words.of("stage.judge"));
    out.println(COMMAND + example(stage));
    paragraph(words.of("stage.judge.hint", invocation.learn(stage.name() + " --hint")), INDENT);
  }

  private String title(Stage stage) {
    return words.of(
        "stage", stage.number(), Ladder.stages().size(), stage.text(words.language()).title());
  }

  /** Prints the title of a stage, its findings, and the verdict. */
  public void judged(Stage stage, Judged judged) {
    heading(title(stage));
    TextReport.printFindings(out, judged, true);
    verdict(stage, judged.report());
  }

  /** Prints the hint of a stage. */
  public void hint(Stage stage) {
    part(stage.text(words.language()).hint());
    out.flush();
  }

  private void verdict(Stage stage, Report report) {
    Verdict verdict = StageJudge.outcome(report);
    String style =
        switch (verdict) {
          case KEPT -> "bold,green";
          case BROKEN -> "bold,red";
          case SKIPPED, ERROR, INCONCLUSIVE -> "yellow";
        };
    Optional<String> mismatch = StageJudge.mismatch(report);
    String text =
        mismatch.isPresent()
            ? words.of("verdict.mismatch", stage.number())
            : verdictInWords(stage, verdict, report);
    out.println(
        Ansi.AUTO.string("@|%s %s|@".formatted(style, text))
            + mismatch.map(LadderText::withoutAdvice).orElse(""));
    if (verdict != Verdict.KEPT) {
      paragraph(words.of("stage.judge.hint", invocation.learn(stage.name() + " --hint")), "");
    }
    out.flush();
  }

  /** What the kit advises are options of {@code conform}, which this command has not. */
  private static String withoutAdvice(String mismatch) {
    return mismatch.replace('\n', ' ').replaceFirst(";[^;]* --(service|program)\\b[^;]*$", "");
  }

  private String verdictInWords(Stage stage, Verdict verdict, Report report) {
    String key =
        switch (verdict) {
          case KEPT -> "verdict.passed";
          case BROKEN -> "verdict.broken";
          case SKIPPED -> "verdict.skipped";
          case ERROR, INCONCLUSIVE -> "verdict.open";
        };
    long counted =
        verdict == Verdict.BROKEN || verdict == Verdict.SKIPPED
            ? report.count(verdict)
            : report.unanswered();
    return words.of(key, stage.number(), counted, report.findings().size());
  }

  /** Prints what a user has learned with a stage, and where this project does the same. */
  public void explanation(Stage stage) {
    part(stage.text(words.language()).explanation());
    subheading(words.of("stage.pages"));
    int names = stage.passages().stream().mapToInt(it -> it.page().length()).max().orElse(0) + 2;
    for (Passage passage : stage.passages()) {
      out.println(INDENT + WrappedText.padded(passage.page(), names) + place(passage));
    }
    out.println();
    out.flush();
  }

  /** The file and the line in a clone; elsewhere the name of the class. */
  private String place(Passage passage) {
    Optional<Path> home = ProjectFiles.home();
    try {
      if (home.isPresent() && passage.line(home.get()).isPresent()) {
        return "%s:%d (%s)"
            .formatted(
                shown(home.get().resolve(passage.file())),
                passage.line(home.get()).getAsInt(),
                passage.region());
      }
    } catch (IOException _) {
      // The name says enough.
    }
    return words.of("stage.page.region", passage.className(), passage.region());
  }

  /** A path from the current folder, if it is below that. */
  private static Path shown(Path file) {
    Path here = Path.of("").toAbsolutePath();
    Path absolute = file.toAbsolutePath().normalize();
    return absolute.startsWith(here) ? here.relativize(absolute) : absolute;
  }

  /** Prints that the next stage needs a command with other placeholders. */
  public void needsAnotherCommand(Stage stage, List<String> missing) {
    paragraph(
        words.of(
            "verdict.other",
            stage.number(),
            missing.stream().map("`%s`"::formatted).collect(joining(", ")),
            invocation.learn(stage.name())),
        "");
    out.flush();
  }

  /** Prints that the end of the ladder is reached. */
  public void end(String conform) {
    paragraph(words.of("verdict.all", Ladder.stages().size(), conform), "");
    out.flush();
  }

  /** Prints that changes of files are awaited. */
  public void waits(Path folder) {
    out.println();
    say("watch.waits", folder.toAbsolutePath());
  }

  /** Prints which files have changed while the server was judged and do not count; maybe none. */
  public void notJudgedAgain(Set<Path> files) {
    if (!files.isEmpty()) {
      say("watch.ignored", names(files));
    }
  }

  /** Prints which files have changed, above the next verdict. */
  public void changed(Set<Path> files) {
    say("watch.again", names(files));
    out.println();
  }

  private static String names(Set<Path> files) {
    return files.stream().map(Path::toString).collect(joining(", "));
  }

  /** Prints a message as a paragraph. */
  public void say(String key, Object... values) {
    paragraph(words.of(key, values), "");
    out.flush();
  }

  private void part(StageText.Part part) {
    subheading(part.heading());
    WrappedText.ofMarkdown(part.markdown(), INDENT, width).forEach(out::println);
  }

  private void heading(String text) {
    out.println(Ansi.AUTO.string("@|bold %s|@".formatted(text)));
  }

  private void subheading(String text) {
    out.println();
    heading(text);
  }

  private void paragraph(String text, String indent) {
    WrappedText.ofMarkdown(text, indent, width).forEach(out::println);
    out.flush();
  }
}
