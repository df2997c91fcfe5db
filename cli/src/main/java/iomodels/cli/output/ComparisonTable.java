package iomodels.cli.output;

import iomodels.conformance.Report;
import iomodels.conformance.Verdict;
import iomodels.lab.bench.Scenario;
import iomodels.lab.report.Caveat;
import iomodels.lab.report.LoadFigures;
import iomodels.lab.report.LoadFigures.Ratio;
import iomodels.lab.report.ServerResult;
import iomodels.lab.report.Spread;
import iomodels.server.ModelCard;
import iomodels.server.spi.ServerProvider;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Help.Ansi;

/** The tables of models that {@code compare} prints: by the rules, and by the load. */
public final class ComparisonTable {

  private final PrintWriter out;
  private final Table rules;
  private final Table loads;

  /**
   * Tables that have room for all models.
   *
   * @param names every name that a model can have in a table
   * @param width how wide a table may be
   */
  public ComparisonTable(
      PrintWriter out, List<ServerProvider> models, List<String> names, int width) {
    this.out = out;
    List<ModelCard> cards = models.stream().map(ServerProvider::card).toList();
    rules =
        new Table(
            out,
            List.of(
                Table.Column.left("MODEL", names),
                Table.Column.left(
                    "I/O MODEL", cards.stream().map(card -> card.ioModel().toString()).toList()),
                Table.Column.left("WAITS IN", cards.stream().map(ModelCard::waitsIn).toList())
                    .ranked(1),
                Table.Column.left(
                        "THREADS", cards.stream().map(card -> card.threading().toString()).toList())
                    .ranked(2),
                Table.Column.right("KEPT", 0),
                Table.Column.right("BROKEN", 0),
                Table.Column.right("SKIPPED", 0)),
            width);
    loads =
        new Table(
            out,
            List.of(
                Table.Column.left("MODEL", names),
                Table.Column.right("MSG/S", 6),
                Table.Column.right("CPU/MSG", 0),
                Table.Column.right("p50 µs", 0),
                Table.Column.right("p99 µs", 0)),
            width);
  }

  /** Prints the titles of the columns of the table by the rules. */
  public void head() {
    rules.head();
  }

  /** Prints a row of the table by the rules, and below it what failed. */
  public void judged(Row row) {
    rules.row(
        List.of(
            row.name(),
            row.card().ioModel().toString(),
            row.card().waitsIn(),
            row.card().threading().toString(),
            String.valueOf(row.kept()),
            row.broken() == 0 ? "0" : "@|bold,red " + row.broken() + "|@",
            String.valueOf(row.skipped())));
    String name = Ansi.AUTO.string("@|bold,red %s|@".formatted(row.name()));
    if (!row.conversation().isEmpty()) {
      out.println(name + ": the conversation failed: " + row.conversation());
    }
    row.brokenRules().forEach(it -> out.println(name + " breaks " + it));
    row.inconclusiveRules().forEach(it -> out.printf("%s: no verdict: %s%n", row.name(), it));
    row.errorRules().forEach(it -> out.printf("%s: no verdict: %s%n", row.name(), it));
    out.flush();
  }

  /** Prints the titles of the columns of the table by the load. */
  public void loadHead() {
    loads.head();
  }

  /** Prints a row of the table by the load. */
  public void loaded(Row row) {
    loads.row(cells(row));
  }

  private static List<String> cells(Row row) {
    List<String> cells = new ArrayList<>();
    cells.add(row.name());
    row.load()
        .ifPresentOrElse(
            load -> {
              String mark = load.connections() == 1 ? "¹" : row.has(Caveat.NOT_STEADY) ? "²" : " ";
              String limit = row.has(Caveat.LOADER_SATURATED) ? "³" : mark;
              Optional<Ratio> ratio = load.toCommon();
              Optional<Spread> cpu = ratio.flatMap(Ratio::cpu);
              cells.add(
                  ratio.map(it -> "%.2f%s".formatted(it.throughput().median(), limit)).orElse("–"));
              cells.add(cpu.map(it -> "%.2f%s".formatted(it.median(), mark)).orElse("–"));
              cells.add("%.0f".formatted(load.latency().p50().median()));
              cells.add("%.0f".formatted(load.latency().p99().median()));
            },
            () -> cells.addAll(List.of("–", "–", "–", "–")));
    return cells;
  }

  /** Prints the notes below the table by the load: what figures are relative to, what failed. */
  public void explain(List<Row> rows, String yardstick, Scenario scenario) {
    boolean single =
        rows.stream().flatMap(row -> row.load().stream()).anyMatch(load -> load.connections() == 1);
    rules.hint();
    out.println();
    out.printf(
        Locale.ROOT,
        "MSG/S and CPU/MSG: multiples of %s in the same turns; %s.%n",
        yardstick,
        scenario.words());
    if (single) {
      out.println("¹ serves one client at a time: both have one connection.");
    }
    if (rows.stream().anyMatch(it -> it.has(Caveat.NOT_STEADY))) {
      out.println("² was not steady when it was measured; bench has a longer warm-up.");
    }
    if (rows.stream().anyMatch(it -> it.has(Caveat.LOADER_SATURATED))) {
      out.println("³ the load generator was at its limit: MSG/S and latency are partly its own.");
    }
    for (Row row : rows) {
      if (!row.loadFailure().isEmpty()) {
        out.println(
            Ansi.AUTO.string("@|bold,red %s|@: the load failed: ".formatted(row.name()))
                + row.loadFailure());
      }
    }
    out.flush();
  }

  /**
   * A model in the comparison; its JSON has these names.
   *
   * @param name name of the model, with the transport that it ran on if it has a choice
   * @param conversation what went wrong in the conversation; empty if nothing did
   * @param inconclusive number of rules for which the kit cannot tell
   * @param errors number of rules whose check failed
   * @param brokenRules the broken rules, with the reason; the other two lists likewise
   * @param caveats why the figures are unreliable, apart from broken rules
   * @param loadFailure why there are no figures; empty if there are
   */
  public record Row(
      ModelCard card,
      String name,
      String conversation,
      long kept,
      long broken,
      long skipped,
      long inconclusive,
      long errors,
      List<String> brokenRules,
      List<String> inconclusiveRules,
      List<String> errorRules,
      Optional<LoadFigures> load,
      List<Caveat> caveats,
      String loadFailure) {

    /** Returns a row of a judged model, which has not been loaded yet. */
    public static Row of(ModelCard card, String conversation, Report report) {
      return new Row(
          card,
          report.target(),
          conversation,
          report.count(Verdict.KEPT),
          report.count(Verdict.BROKEN),
          report.count(Verdict.SKIPPED),
          report.count(Verdict.INCONCLUSIVE),
          report.count(Verdict.ERROR),
          Findings.described(report, Verdict.BROKEN),
          Findings.described(report, Verdict.INCONCLUSIVE),
          Findings.described(report, Verdict.ERROR),
          Optional.empty(),
          List.of(),
          "");
    }

    /** Returns a row of a model that does not start. */
    public static Row ofFailure(ModelCard card, String failure) {
      return new Row(
          card,
          card.name(),
          "",
          0,
          0,
          0,
          0,
          0,
          List.of(),
          List.of(),
          List.of(),
          Optional.empty(),
          List.of(),
          failure);
    }

    /** Returns a copy with the figures of the load. */
    public Row with(ServerResult result) {
      return new Row(
          card,
          name,
          conversation,
          kept,
          broken,
          skipped,
          inconclusive,
          errors,
          brokenRules,
          inconclusiveRules,
          errorRules,
          result.load(),
          result.caveats(),
          result.failure());
    }

    boolean has(Caveat caveat) {
      return caveats.contains(caveat);
    }

    /** Whether each rule that applies has a verdict. */
    public boolean hasAllVerdicts() {
      return inconclusive == 0 && errors == 0;
    }

    /** Whether a rule was broken, or the server failed. */
    public boolean failed() {
      return broken > 0 || !conversation.isEmpty() || load.isEmpty();
    }
  }
}
