package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Checks that the documents that are also pages of the site have the text of the site. */
class SiteDocumentsTest {

  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();

  /** The documents in the folder docs, by the name of their text on the site. */
  private static final Map<String, String> DOCUMENTS =
      Map.of("faults", "faults-upstream.md", "ci", "ci.md");

  private static final Pattern DIRECTIVE = Pattern.compile("\\{\\{(\\w+) (\\S+)(?: (\\S+))?}}");
  private static final Pattern WORD = Pattern.compile("\\S+");
  private static final int MAX_COLUMNS = 120;
  private static final String NOTE =
      """
      <!-- Generated from site/src/main/content/en/%s.md: see "Documents" in CONTRIBUTING.md. -->
      """;

  private final Content content = new Content(PROJECT.resolve("site/src/main/content"));

  SiteDocumentsTest() throws IOException {}

  @Test
  void eachTextIsADocument() throws IOException {
    assertThat(content.documents("en").stream().map(Content.Text::slug))
        .containsExactlyInAnyOrderElementsOf(DOCUMENTS.keySet());
  }

  @Test
  void theDocumentsHaveTheTextsOfTheSite() throws IOException {
    for (Content.Text text : content.documents("en")) {
      Path document =
          PROJECT.resolve("docs").resolve(DOCUMENTS.getOrDefault(text.slug(), text.slug()));
      String body =
          DIRECTIVE
              .matcher(text.markdown())
              .replaceAll(it -> Matcher.quoteReplacement(markdown(it)))
              .strip();
      String wanted =
          "# %s\n\n%s\n%s\n%s"
              .formatted(
                  text.title(), NOTE.formatted(text.slug()), filled(text.summary()), filled(body));
      if (System.getProperty("documents.write") != null) {
        Files.writeString(document, wanted);
      } else {
        assertThat(document)
            .as("it is outdated; update it with -Ddocuments.write")
            .content()
            .isEqualTo(wanted);
      }
    }
  }

  /** Fills the lines of each paragraph and list item up to the limit; code and tables stay. */
  private static String filled(String markdown) {
    StringBuilder document = new StringBuilder();
    StringBuilder paragraph = new StringBuilder();
    boolean isCode = false;
    for (String line : (markdown + "\n").lines().toList()) {
      boolean isFence = line.startsWith("```");
      boolean isWhole = isCode || isFence || line.isBlank() || line.startsWith("|");
      if (isWhole || line.startsWith("- ")) {
        document.append(wrapped(paragraph.toString()));
        paragraph.setLength(0);
      }
      if (isWhole) {
        document.append(line).append('\n');
      } else {
        paragraph.append(paragraph.isEmpty() ? "" : " ").append(line.strip());
      }
      isCode ^= isFence;
    }
    return document.append(wrapped(paragraph.toString())).toString();
  }

  private static String wrapped(String paragraph) {
    String indent = paragraph.startsWith("- ") ? "  " : "";
    StringBuilder text = new StringBuilder();
    int column = 0;
    for (String word : WORD.matcher(paragraph).results().map(MatchResult::group).toList()) {
      if (column > 0 && column + 1 + word.length() > MAX_COLUMNS) {
        text.append('\n').append(indent);
        column = indent.length();
      } else if (column > 0) {
        text.append(' ');
        column++;
      }
      text.append(word);
      column += word.length();
    }
    return text.isEmpty() ? "" : text.append('\n').toString();
  }

  private static String markdown(MatchResult directive) {
    String first = directive.group(2);
    return switch (directive.group(1)) {
      case "rule" -> "[%s](../CONTRACT.md#rule-%s)".formatted(first, first);
      case "document" -> "[%s](%s)".formatted(first.replaceAll(".*/|#.*", ""), fromDocs(first));
      case "source" -> "[%s](../%s)".formatted(first.replaceAll(".*/|\\.java$", ""), first);
      case "code" -> "```java\n%s```".formatted(code(first, directive.group(3)));
      default -> throw new IllegalArgumentException("unknown directive " + directive.group());
    };
  }

  /** Returns the path of a file of the project as seen from the folder docs. */
  private static String fromDocs(String path) {
    return path.startsWith("docs/") ? path.substring("docs/".length()) : "../" + path;
  }

  private static String code(String file, String region) {
    try {
      String source = Files.readString(PROJECT.resolve(file));
      String begin = "// tag::%s[]\n".formatted(region);
      int from = source.indexOf(begin);
      assertThat(from).as("region %s of %s", region, file).isNotNegative();
      String code = source.substring(from + begin.length(), source.indexOf("// end::" + region));
      return code.substring(0, code.lastIndexOf('\n')).stripIndent() + "\n";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
