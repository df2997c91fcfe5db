package iomodels.cli;

import com.fasterxml.jackson.annotation.Nulls;
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
 * What the lab has found, in files.
 *
 * @param json where the figures go, {@code -} for standard output
 * @param html where the page with the charts goes
 */
record LabFiles(Optional<Path> json, Optional<Path> html) {

  private static final Path CPUINFO = Path.of("/proc/cpuinfo");

  /** Demands all that {@link #write} writes, and nothing in it that is null. */
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .changeDefaultNullHandling(it -> it.withContentNulls(Nulls.FAIL))
          .build();

  /** Whether standard output is for JSON alone. */
  boolean isSilent() {
    return json.isPresent() && Json.isStandardOutput(json.get());
  }

  void demandWritable() throws Failure {
    if (json.isPresent()) {
      Json.demandWritable(json.get());
    }
    if (html.isPresent()) {
      Json.demandWritable(html.get());
    }
  }

  /** Writes what has been found by now: who is tired of waiting has that. */
  void write(Measurements measurements) throws Failure {
    if (json.isPresent() && !isSilent()) {
      replace(json.get(), Json.write(measurements));
    }
    if (html.isPresent()) {
      replace(html.get(), ReportPage.of(measurements));
    }
  }

  /** Writes it to standard output, if that is where it goes: once, or it would not be JSON. */
  void finish(Measurements measurements, PrintWriter out) {
    if (isSilent()) {
      out.println(Json.write(measurements));
      out.flush();
    }
  }

  private static void replace(Path file, String text) throws Failure {
    try {
      WholeFile.write(file, text + System.lineSeparator());
    } catch (IOException e) {
      throw new Failure("cannot write %s: %s".formatted(file, e));
    }
  }

  /** Reads what {@link #write} has written. */
  static Measurements read(Path file) throws Failure {
    try {
      return JSON.readValue(Files.readString(file), Measurements.class);
    } catch (NoSuchFileException _) {
      throw new Failure("there is no file %s".formatted(file));
    } catch (IOException e) {
      throw new Failure("cannot read %s: %s".formatted(file, e.getMessage()));
    } catch (JacksonException e) {
      throw new Failure(
          "%s is not what bench or claims write with --json, in this version: %s"
              .formatted(file, e.getOriginalMessage()));
    }
  }

  /** This machine, and the command that is running. */
  static Machine machine(CommandSpec command, int processors, String pinning) {
    return new Machine(
        "./iomodels " + String.join(" ", arguments(command)),
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
