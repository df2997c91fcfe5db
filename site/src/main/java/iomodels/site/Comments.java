package iomodels.site;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The comment syntax of a language, for comments on lines of their own. */
enum Comments {
  /** Java and C: {@code //} and {@code /* … *}{@code /}, including Javadoc tags. */
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
                : from; // Code follows on the same line.
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

  /** Python: {@code #}, and triple-quoted strings at the start of a line. */
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

  /** Matches a line whose statement continues on the next line. */
  private final Pattern unfinished;

  Comments(String unfinished) {
    this.unfinished = Pattern.compile(unfinished);
  }

  /**
   * Returns the index of the line after the comment that begins at line {@code from}, or {@code
   * from} if no comment begins there.
   */
  abstract int end(List<String> lines, int from);

  /** Returns the text of a comment line, without the comment marks. */
  abstract String text(String line);

  /** Returns whether the previous line ends in the middle of a statement. */
  boolean isInsideStatement(List<String> lines, int line) {
    String before = line == 0 ? "" : lines.get(line - 1).replaceFirst("\\s(//|#).*", "").strip();
    return !before.isEmpty() && unfinished.matcher(before).matches();
  }

  /** Returns the paragraphs of a comment, with code in backticks. */
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
