package iomodels.cli.commands;

import static java.util.stream.Collectors.joining;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.options.WideOption;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.Json;
import iomodels.cli.output.Table;
import iomodels.cli.output.UserError;
import iomodels.cli.project.ProjectFiles;
import iomodels.examples.Examples;
import iomodels.examples.HttpExamples;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.server.ModelCard;
import iomodels.server.Transport;
import iomodels.server.spi.Availability;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import iomodels.wrong.WrongServers;
import iomodels.wrong.tutorial.Tutorials;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code list}: the models, the programs and the wrong servers. */
@Command(
    name = "list",
    description =
        "List the models: where each waits, on which threads, and its counterpart in Python.",
    footer = {"", "  iomodels list --programs     the programs and their styles"},
    mixinStandardHelpOptions = true)
public final class ListCommand implements Callable<Integer> {

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--probe",
      description = "Show what works on this machine, and why the rest does not.")
  private boolean probe;

  @Option(
      names = "--wrong",
      description =
          "List the servers that are wrong on purpose, textbook servers and framework examples"
              + " instead.")
  private boolean wrong;

  @Option(
      names = "--programs",
      description = "List the programs, their styles and their source files instead.")
  private boolean programs;

  @Option(names = "--json", description = "Print JSON instead of a table.")
  private boolean json;

  @Mixin private WideOption wide = new WideOption();

  /** A model; its JSON has these names. */
  record Row(ModelCard card, Availability availability, Map<Transport, Availability> transports) {

    Row(ServerProvider model) {
      this(model.card(), model.availability(), model.transports());
    }
  }

  /** The programs and styles; their JSON has these names. */
  record ProgramList(List<Program> programs, List<StyleRow> styles) {}

  /** A style; its JSON has these names. */
  record StyleRow(String style, String summary, List<PageRow> pages) {

    StyleRow(StyleProvider style) {
      this(style.style(), style.summary(), style.pages().stream().map(PageRow::new).toList());
    }
  }

  /**
   * A program in a style; its JSON has these names.
   *
   * @param source name of the class
   * @param file its source file; empty if the sources are not there
   */
  record PageRow(String program, String threads, String source, Optional<String> file) {

    PageRow(StyleProvider.Page page) {
      this(
          page.program().name(),
          page.threads(),
          page.source().getName(),
          ProjectFiles.file(page.source()).map(Path::toString));
    }
  }

  @Override
  public Integer call() throws UserError {
    PrintWriter out = spec.commandLine().getOut();
    if (wrong) {
      printWrong(out);
    } else if (programs) {
      printPrograms(out);
    } else if (json) {
      out.println(Json.write(ArgumentResolver.models().stream().map(Row::new).toList()));
    } else if (probe) {
      printProbe(out, ArgumentResolver.models());
    } else {
      printCards(out, ArgumentResolver.models());
    }
    return ExitCode.OK;
  }

  private void printCards(PrintWriter out, List<ServerProvider> models) {
    print(
        out,
        List.of(
            "MODEL", "I/O MODEL", "NOTIFICATION", "WAITS IN", "COPIES IN", "THREADS", "IN PYTHON"),
        models.stream()
            .map(ServerProvider::card)
            .map(
                card ->
                    List.of(
                        card.name(),
                        card.ioModel().toString(),
                        card.notification().toString(),
                        card.waitsIn(),
                        card.copiesIn(),
                        card.threading().toString(),
                        card.pythonCounterpart()))
            .toList(),
        "IN PYTHON",
        "COPIES IN",
        "NOTIFICATION",
        "THREADS");
  }

  private void printProbe(PrintWriter out, List<ServerProvider> models) {
    print(
        out,
        List.of("MODEL", "HERE", "TRANSPORTS (the first that works is the default)"),
        models.stream()
            .map(
                model ->
                    List.of(
                        model.card().name(),
                        describe(model.availability()),
                        model.transports().entrySet().stream()
                            .map(each -> each.getKey() + ": " + describe(each.getValue()))
                            .collect(joining(", "))))
            .toList());
  }

  private static String describe(Availability availability) {
    String answer = availability.here() ? "yes" : "no";
    return availability.reason().isEmpty()
        ? answer
        : "%s (%s)".formatted(answer, availability.reason());
  }

  private void printPrograms(PrintWriter out) {
    List<StyleRow> styles = StyleProvider.installed().stream().map(StyleRow::new).toList();
    if (json) {
      out.println(Json.write(new ProgramList(Programs.all(), styles)));
      return;
    }
    print(
        out,
        List.of("PROGRAM", "WHAT IT DOES"),
        Programs.all().stream().map(each -> List.of(each.name(), each.sentence())).toList());
    out.println();
    print(
        out,
        List.of("STYLE", "SUMMARY"),
        styles.stream().map(each -> List.of(each.style(), each.summary())).toList());
    out.println();
    print(
        out,
        List.of("STYLE", "PROGRAM", "THREADS", "SOURCE"),
        styles.stream()
            .flatMap(
                style ->
                    style.pages().stream()
                        .map(
                            page ->
                                List.of(
                                    style.style(),
                                    page.program(),
                                    page.threads(),
                                    page.file().orElse(page.source()))))
            .toList(),
        "SOURCE");
  }

  private void printWrong(PrintWriter out) {
    print(
        out,
        List.of("SERVER", "BREAKS", "FAULT"),
        WrongServers.all().stream()
            .map(each -> List.of(each.name(), each.rule(), each.fault()))
            .toList());
    out.println();
    print(
        out,
        List.of("TUTORIAL", "SERVES", "BREAKS", "AT TIMES"),
        Tutorials.all().stream()
            .map(
                each ->
                    List.of(
                        each.name(),
                        each.service().name(),
                        String.join(" ", each.broken()),
                        String.join(" ", each.atTimes())))
            .toList(),
        "AT TIMES");
    out.println();
    print(
        out,
        List.of("EXAMPLE", "SERVES", "BREAKS"),
        Stream.concat(
                Examples.all().stream()
                    .map(each -> List.of(each.name(), "upper", String.join(" ", each.broken()))),
                HttpExamples.all().stream()
                    .map(each -> List.of(each.name(), "http", String.join(" ", each.broken()))))
            .toList());
  }

  /** Prints a table; on a narrow terminal without these columns, the first of them first. */
  private void print(
      PrintWriter out, List<String> titles, List<List<String>> rows, String... dispensable) {
    Table.print(out, titles, rows, List.of(dispensable), wide.width());
  }
}
