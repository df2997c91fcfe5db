package iomodels.cli.options;

import iomodels.cli.output.Badge;
import iomodels.cli.output.Findings;
import iomodels.cli.output.HtmlReport;
import iomodels.cli.output.Json;
import iomodels.cli.output.Judged;
import iomodels.cli.output.JunitReport;
import iomodels.cli.output.UserError;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.xml.stream.XMLStreamException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that name files for the reports of {@code conform}. */
public final class ReportFiles {

  @Mixin private JsonOption json = new JsonOption();

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write a self-contained page: rules by servers, with transcripts of failures.")
  private Optional<Path> html = Optional.empty();

  @Option(
      names = "--junit",
      paramLabel = "FILE",
      description = "Write a report in JUnit's XML format, for build servers.")
  private Optional<Path> junit = Optional.empty();

  @Option(
      names = "--badge",
      paramLabel = "FILE",
      description = "Write the verdict as a small picture (SVG), for a README.")
  private Optional<Path> badge = Optional.empty();

  /** Whether JSON goes to standard output, which must then contain nothing else. */
  public boolean isJsonOnStandardOutput() {
    return json.isStandardOutput();
  }

  /** Fails if a file cannot be written: before minutes are spent on its content. */
  public void demandWritable() throws UserError {
    json.demandWritable();
    for (Path file : Stream.of(html, junit, badge).flatMap(Optional::stream).toList()) {
      if (Json.isStandardOutput(file)) {
        throw new UserError(
            "only --json can go to standard output; name a file for --html, --junit and --badge");
      }
      Json.demandWritable(file);
    }
  }

  /**
   * Writes every report that has a file.
   *
   * @param several whether several subjects were selected: then the JSON is an array
   */
  public void write(List<Judged> judged, boolean several, PrintWriter out) throws UserError {
    List<Findings.Plain> plain = judged.stream().map(Findings::plain).toList();
    json.write(several ? plain : plain.getFirst(), out);
    try {
      if (html.isPresent()) {
        HtmlReport.write(judged, html.get());
      }
      if (junit.isPresent()) {
        JunitReport.write(judged, junit.get());
      }
      if (badge.isPresent()) {
        Badge.write(judged, badge.get());
      }
    } catch (IOException | XMLStreamException e) {
      throw new UserError("cannot write the report: " + e.getMessage());
    }
  }
}
