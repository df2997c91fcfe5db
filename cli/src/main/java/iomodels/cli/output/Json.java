package iomodels.cli.output;

import iomodels.lab.report.WholeFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Writes JSON. */
public final class Json {

  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private static final JsonMapper LINES = JsonMapper.shared();

  private Json() {}

  /** Converts a value to indented JSON. */
  public static String write(Object value) {
    return TerminalText.safeJson(MAPPER.writeValueAsString(value));
  }

  /** Converts a value to JSON in one line. */
  static String line(Object value) {
    return TerminalText.safeJson(LINES.writeValueAsString(value));
  }

  /** Whether a file name stands for standard output: {@code -}. */
  public static boolean isStandardOutput(Path file) {
    return file.toString().equals("-");
  }

  /** Fails if a file cannot be written: before minutes are spent on its content. */
  public static void demandWritable(Path file) throws UserError {
    Path folder = file.toAbsolutePath().getParent();
    if (isStandardOutput(file)) {
      return;
    }
    if (folder == null || !Files.isDirectory(folder)) {
      throw new UserError("cannot write %s: there is no folder %s".formatted(file, folder));
    }
    if (Files.isDirectory(file) || !Files.isWritable(Files.exists(file) ? file : folder)) {
      throw new UserError("cannot write %s; choose another file".formatted(file));
    }
  }

  /** Writes a value to a file, or to {@code out} if the file name is {@code -}. */
  public static void write(Object value, Path file, PrintWriter out) throws UserError {
    String json = write(value);
    if (isStandardOutput(file)) {
      out.println(json);
      return;
    }
    try {
      WholeFile.write(file, json + System.lineSeparator());
    } catch (IOException e) {
      throw new UserError("cannot write %s: %s".formatted(file, e));
    }
  }
}
