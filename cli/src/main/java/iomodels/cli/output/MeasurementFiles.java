package iomodels.cli.output;

import com.fasterxml.jackson.annotation.Nulls;
import iomodels.cli.project.ProjectFiles;
import iomodels.lab.report.Machine;
import iomodels.lab.report.Measurements;
import iomodels.lab.report.ReportPage;
import iomodels.lab.report.WholeFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The files in which measurements are written.
 *
 * @param json file for the figures; {@code -} for standard output
 * @param html file for the page with charts
 */
public record MeasurementFiles(Optional<Path> json, Optional<Path> html) {

  private static final Path CPUINFO = Path.of("/proc/cpuinfo");

  /** Rejects files that {@link #write} did not write: missing properties, and nulls. */
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .changeDefaultNullHandling(it -> it.withContentNulls(Nulls.FAIL))
          .build();

  /** Whether standard output must contain nothing but JSON. */
  public boolean isSilent() {
    return json.isPresent() && Json.isStandardOutput(json.get());
  }

  /** Fails if one of the files cannot be written. */
  public void demandWritable() throws UserError {
    if (json.isPresent()) {
      Json.demandWritable(json.get());
    }
    if (html.isPresent()) {
      Json.demandWritable(html.get());
    }
  }

  /** Writes the measurements so far, so that Ctrl-C does not lose them. */
  public void write(Measurements measurements) throws UserError {
    if (json.isPresent() && !isSilent()) {
      replace(json.get(), Json.write(measurements));
    }
    if (html.isPresent()) {
      replace(html.get(), ReportPage.of(measurements));
    }
  }

  /** Writes all measurements to standard output, if JSON goes there: once, at the end. */
  public void finish(Measurements measurements, PrintWriter out) {
    if (isSilent()) {
      out.println(Json.write(measurements));
      out.flush();
    }
  }

  private static void replace(Path file, String text) throws UserError {
    try {
      WholeFile.write(file, text + System.lineSeparator());
    } catch (IOException e) {
      throw new UserError("cannot write %s: %s".formatted(file, e));
    }
  }

  /** Reads a file that {@link #write} wrote. */
  public static Measurements read(Path file) throws UserError {
    try {
      return JSON.readValue(Files.readString(file), Measurements.class);
    } catch (NoSuchFileException _) {
      throw new UserError("there is no file %s; check the name".formatted(file));
    } catch (IOException e) {
      throw new UserError("cannot read %s: %s".formatted(file, e.getMessage()));
    } catch (JacksonException e) {
      throw new UserError(
          "%s is not what bench or claims write with --json, in this version: %s"
              .formatted(file, e.getOriginalMessage()));
    }
  }

  /** Describes this machine and the running command. */
  public static Machine machine(CommandSpec command, int processors, String pinning) {
    return new Machine(
        ProjectFiles.command() + " " + String.join(" ", arguments(command)),
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        Runtime.version().toString(),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        processor(),
        processors,
        pinning);
  }

  private static List<String> arguments(CommandSpec command) {
    return command.root().commandLine().getParseResult().originalArgs();
  }

  private static String processor() {
    try {
      return Files.readAllLines(CPUINFO).stream()
          .filter(line -> line.startsWith("model name"))
          .findFirst()
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .orElse(System.getProperty("os.arch"));
    } catch (IOException _) {
      return System.getProperty("os.arch");
    }
  }
}
