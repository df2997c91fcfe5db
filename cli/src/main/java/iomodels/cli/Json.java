package iomodels.cli;

import iomodels.lab.report.WholeFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON, for machines. */
final class Json {

  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private static final JsonMapper LINES = JsonMapper.shared();

  private Json() {}

  static String write(Object value) {
    return TerminalText.safeJson(MAPPER.writeValueAsString(value));
  }

  /** In one line. */
  static String line(Object value) {
    return TerminalText.safeJson(LINES.writeValueAsString(value));
  }

  /** Whether it is standard output that is meant: {@code -}. */
  static boolean isStandardOutput(Path file) {
    return file.toString().equals("-");
  }

  /** That it can be written is to be known before minutes are spent on what goes into it. */
  static void demandWritable(Path file) throws Failure {
    Path folder = file.toAbsolutePath().getParent();
    if (isStandardOutput(file)) {
      return;
    }
    if (folder == null || !Files.isDirectory(folder)) {
      throw new Failure("cannot write %s: there is no folder %s".formatted(file, folder));
    }
    if (Files.isDirectory(file) || !Files.isWritable(Files.exists(file) ? file : folder)) {
      throw new Failure("cannot write %s".formatted(file));
    }
  }

  /** Writes to a file; {@code -} is standard output. */
  static void write(Object value, Path file, PrintWriter out) throws Failure {
    String json = write(value);
    if (isStandardOutput(file)) {
      out.println(json);
      return;
    }
    try {
      WholeFile.write(file, json + System.lineSeparator());
    } catch (IOException e) {
      throw new Failure("cannot write %s: %s".formatted(file, e));
    }
  }
}
