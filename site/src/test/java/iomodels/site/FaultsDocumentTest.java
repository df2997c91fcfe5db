package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Checks that the document about faults found upstream has the text of the site's page. */
class FaultsDocumentTest {

  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();
  private static final Path DOCUMENT = PROJECT.resolve("docs/faults-upstream.md");
  private static final Pattern DIRECTIVE = Pattern.compile("\\{\\{(\\w+) (\\S+)(?: (\\S+))?}}");
  private static final Pattern WORD = Pattern.compile("\\S+");
  private static final int MAX_COLUMNS = 120;
  private static final String NOTE =
      """
      <!-- Generated from site/src/main/content/en/faults.md: see "Documents" in CONTRIBUTING.md. -->
      """;

  @Test
  void theDocumentHasTheTextOfTheSite() throws IOException {
    Content.Text text = new Content(PROJECT.resolve("site/src/main/content")).faults("en");
    String body =
        DIRECTIVE
            .matcher(text.markdown())
            .replaceAll(it -> Matcher.quoteReplacement(markdown(it)))
            .stripLeading();
    String wanted =
        "# %s\n\n%s\n%s\n%s".formatted(text.title(), NOTE, filled(text.summary()), filled(body));
    if (System.getProperty("faults.write") != null) {
      Files.writeString(DOCUMENT, wanted);
    } else {
      assertThat(DOCUMENT)
          .as("it is outdated; update it with -Dfaults.write")
          .content()
          .isEqualTo(wanted);
    }
  }

  /** Fills the lines of each paragraph and list item up to the limit; code stays as it is. */
  private static String filled(String markdown) {
    StringBuilder document = new StringBuilder();
    StringBuilder paragraph = new StringBuilder();
    boolean isCode = false;
    for (String line : (markdown + "\n").lines().toList()) {
      boolean isFence = line.startsWith("```");
      if (isCode || isFence || line.isBlank() || line.startsWith("- ")) {
        document.append(wrapped(paragraph.toString()));
        paragraph.setLength(0);
      }
      if (isCode || isFence || line.isBlank()) {
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
      case "rule" -> "[%s](../CONTRACT.md)".formatted(first);
      case "source" -> "[%s](../%s)".formatted(first.replaceAll(".*/|\\.java$", ""), first);
      case "code" -> "```java\n%s```".formatted(code(first, directive.group(3)));
      default -> throw new IllegalArgumentException("unknown directive " + directive.group());
    };
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
