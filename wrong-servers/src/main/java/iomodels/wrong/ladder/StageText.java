package iomodels.wrong.ladder;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The text of a stage in one language, from a Markdown file with a title and five sections.
 *
 * @param title the title
 * @param build what to build
 * @param why what goes wrong in real life without it
 * @param before how its wrong server fails
 * @param hint how to do it; shown on demand
 * @param explanation what has been built; shown when the stage is passed
 */
public record StageText(
    String title, Part build, Part why, Part before, Part hint, Part explanation) {

  private static final String TITLE = "# ";
  private static final String HEADING = "## ";
  private static final int PARTS = 5;

  /**
   * A section.
   *
   * @param heading the heading
   * @param markdown paragraphs with code in backticks, and blocks of code between fences
   */
  public record Part(String heading, String markdown) {}

  static StageText read(String stage, Language language) {
    String file = "%s/%s.md".formatted(language.code(), stage);
    try (InputStream in = StageText.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException("there is no text " + file);
      }
      return parse(file, new String(in.readAllBytes(), UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(file, e);
    }
  }

  static StageText parse(String file, String text) {
    String title = "";
    List<Part> parts = new ArrayList<>();
    for (String section : text.split("(?m)^(?=#{1,2} )", -1)) {
      String head = section.lines().findFirst().orElse("");
      String body = section.substring(head.length()).strip();
      if (head.startsWith(HEADING) && !body.isEmpty()) {
        parts.add(new Part(head.substring(HEADING.length()), body));
      } else if (head.startsWith(TITLE)) {
        title = head.substring(TITLE.length());
      }
    }
    if (title.isEmpty() || parts.size() != PARTS) {
      throw new IllegalArgumentException(
          "%s has not a title and %d sections with text".formatted(file, PARTS));
    }
    return new StageText(
        title, parts.get(0), parts.get(1), parts.get(2), parts.get(3), parts.get(4));
  }
}
