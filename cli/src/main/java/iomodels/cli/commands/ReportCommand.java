package iomodels.cli.commands;

import iomodels.cli.options.JsonOption;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.MeasurementFiles;
import iomodels.cli.output.UserError;
import iomodels.lab.report.ClaimResult;
import iomodels.lab.report.Measurements;
import iomodels.lab.report.ScenarioResult;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code report}: combines measurements into one page. */
@Command(
    name = "report",
    description = {
      "Make one page with tables and charts from files that bench and claims wrote with --json.",
      "If a scenario or a claim is in several files, the last one counts. The machine is that of"
          + " the first file."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class ReportCommand implements Callable<Integer> {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description = "File that bench or claims wrote with --json.")
  private List<Path> files = List.of();

  @Option(
      names = {"-o", "--html"},
      paramLabel = "FILE",
      description = "File to write the page to (default: lab.html).")
  private Path html = Path.of("lab.html");

  @Mixin private JsonOption json = new JsonOption();

  @Override
  public Integer call() throws UserError {
    MeasurementFiles output = new MeasurementFiles(json.file(), Optional.of(html));
    output.demandWritable();
    Measurements all = read();
    output.write(all);
    PrintWriter out = spec.commandLine().getOut();
    output.finish(all, out);
    if (!output.isSilent()) {
      out.printf(
          "%s: %d scenarios, %d claims. Open it in a browser.%n",
          html, all.scenarios().size(), all.claims().size());
    }
    return ExitCode.OK;
  }

  private Measurements read() throws UserError {
    Measurements first = MeasurementFiles.read(files.getFirst());
    Map<String, ScenarioResult> scenarios = new LinkedHashMap<>();
    Map<String, ClaimResult> claims = new LinkedHashMap<>();
    for (Path file : files) {
      Measurements each = MeasurementFiles.read(file);
      each.scenarios().forEach(it -> scenarios.put(it.name(), it));
      each.claims().forEach(it -> claims.put(it.id(), it));
    }
    return new Measurements(
        first.machine(), List.copyOf(scenarios.values()), List.copyOf(claims.values()));
  }
}
