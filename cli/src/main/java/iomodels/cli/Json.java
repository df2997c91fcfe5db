package iomodels.cli;

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

  private Json() {}

  static String write(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  /** Writes to a file; {@code -} is standard output. */
  static void write(Object value, Path file, PrintWriter out) throws Failure {
    String json = write(value);
    if (file.toString().equals("-")) {
      out.println(json);
      return;
    }
    try {
      Files.writeString(file, json + System.lineSeparator());
    } catch (IOException e) {
      throw new Failure("cannot write %s: %s".formatted(file, e));
    }
  }
}
