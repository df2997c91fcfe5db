package iomodels.cli;

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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code report}: what has been measured as one page. */
@Command(
    name = "report",
    description = {
      "Makes one page with tables and charts out of what bench and claims have written with"
          + " --json.",
      "Of a scenario or a claim that is in several files, the last one counts; the machine is that"
          + " of the first file."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ReportCommand implements Callable<Integer> {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Parameters(paramLabel = "FILE", arity = "1..*", description = "Written by bench or claims.")
  private List<Path> files = List.of();

  @Option(
      names = {"-o", "--html"},
      paramLabel = "FILE",
      description = "Where the page goes (default: lab.html).")
  private Path html = Path.of("lab.html");

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write all figures to one file as well; - for standard output, and only there.")
  private Optional<Path> json = Optional.empty();

  @Override
  public Integer call() throws Failure {
    LabFiles output = new LabFiles(json, Optional.of(html));
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
    return Main.OK;
  }

  private Measurements read() throws Failure {
    Measurements first = LabFiles.read(files.getFirst());
    Map<String, ScenarioResult> scenarios = new LinkedHashMap<>();
    Map<String, ClaimResult> claims = new LinkedHashMap<>();
    for (Path file : files) {
      Measurements each = LabFiles.read(file);
      each.scenarios().forEach(it -> scenarios.put(it.name(), it));
      each.claims().forEach(it -> claims.put(it.id(), it));
    }
    return new Measurements(
        first.machine(), List.copyOf(scenarios.values()), List.copyOf(claims.values()));
  }
}
