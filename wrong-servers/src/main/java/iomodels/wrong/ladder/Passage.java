package iomodels.wrong.ladder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * A tagged region of a source file in which an implementation of this project takes the step of a
 * stage.
 *
 * @param page the name of the model, or of the style of a program
 * @param file the source file, relative to the project's folder
 * @param region the name of the region
 */
public record Passage(String page, String file, String region) {

  /** Returns the name of the class. */
  public String className() {
    return file.substring(file.lastIndexOf('/') + 1).replace(".java", "");
  }

  /**
   * Finds the first line of the region.
   *
   * @param project the project's folder
   * @return the number of the line, from 1; empty without the file or the region
   * @throws IOException if the file cannot be read
   */
  public OptionalInt line(Path project) throws IOException {
    Path source = project.resolve(file);
    if (!Files.isRegularFile(source)) {
      return OptionalInt.empty();
    }
    List<String> lines = Files.readAllLines(source).stream().map(String::strip).toList();
    int mark = lines.indexOf("// tag::%s[]".formatted(region));
    return mark < 0 ? OptionalInt.empty() : OptionalInt.of(mark + 2);
  }
}
