package iomodels.site;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** How a language writes comments that have lines of their own. */
enum Comments {
  /** Java and C: {@code //} and {@code /* … *}{@code /}, Javadoc's tags included. */
  C("(?![@/*]).*[\\w)(,\\]]") {
    @Override
    int end(List<String> lines, int from) {
      String first = lines.get(from).strip();
      if (first.startsWith("/*")) {
        for (int i = from; i < lines.size(); i++) {
          String line = lines.get(i).strip();
          if (line.contains("*/")) {
            return line.indexOf("*/") == line.length() - 2
                ? i + 1
                : from; // Else code comes after it.
          }
        }
        return from;
      }
      return endOfLines(lines, from, "//");
    }

    @Override
    String text(String line) {
      String text = line.strip().replaceFirst("^(///?|/\\*\\*?|\\*(?!/))\\s?", "");
      return text.replaceFirst("\\s*\\*/$", "").strip();
    }
  },

  /** Python: {@code #}, and strings in triple quotes that begin a line. */
  PYTHON(".*[(,\\[{]") {
    @Override
    int end(List<String> lines, int from) {
      String first = lines.get(from).strip();
      if (!first.startsWith(QUOTES)) {
        return endOfLines(lines, from, "#");
      }
      if (first.length() > QUOTES.length() && first.endsWith(QUOTES)) {
        return from + 1;
      }
      for (int i = from + 1; i < lines.size(); i++) {
        if (lines.get(i).strip().endsWith(QUOTES)) {
          return i + 1;
        }
      }
      return from;
    }

    @Override
    String text(String line) {
      return line.strip().replaceFirst("^(#+\\s?|\"\"\")", "").replaceFirst("\"\"\"$", "").strip();
    }
  };

  private static final String QUOTES = "\"\"\"";
  private static final Pattern TAG = Pattern.compile("\\{@(?:code|link|linkplain)\\s+([^}]*)}");

  /** A line that is not the end of a statement, nor of a block's head, a comment or annotation. */
  private final Pattern goesOn;

  Comments(String goesOn) {
    this.goesOn = Pattern.compile(goesOn);
  }

  /** The line after the comment that begins at that one; the same line if there is none. */
  abstract int end(List<String> lines, int from);

  /** What a line of a comment says. */
  abstract String text(String line);

  /** Whether the line before says that the statement goes on. */
  boolean isInsideStatement(List<String> lines, int line) {
    String before = line == 0 ? "" : lines.get(line - 1).replaceFirst("\\s(//|#).*", "").strip();
    return !before.isEmpty() && goesOn.matcher(before).matches();
  }

  /** What a comment says, by paragraphs, code in backticks. */
  List<String> paragraphs(List<String> comment) {
    List<String> paragraphs = new ArrayList<>();
    StringBuilder paragraph = new StringBuilder();
    for (String line : comment) {
      String text = text(line);
      if (text.isEmpty() || text.startsWith("<p>") || text.startsWith("@")) {
        finish(paragraph, paragraphs);
      }
      paragraph.append(text.replaceFirst("^<p>", "")).append(' ');
    }
    finish(paragraph, paragraphs);
    return List.copyOf(paragraphs);
  }

  private static void finish(StringBuilder paragraph, List<String> paragraphs) {
    String text = paragraph.toString().strip().replaceAll("\\s+", " ");
    paragraph.setLength(0);
    if (!text.isEmpty()) {
      String plain = TAG.matcher(text).replaceAll("`$1`").replaceAll("</?[a-z]+>", "");
      paragraphs.add(plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"));
    }
  }

  private static int endOfLines(List<String> lines, int from, String mark) {
    int i = from;
    while (i < lines.size() && lines.get(i).strip().startsWith(mark)) {
      i++;
    }
    return i;
  }
}
