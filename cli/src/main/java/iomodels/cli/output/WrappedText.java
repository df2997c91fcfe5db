package iomodels.cli.output;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Help.Ansi;

/**
 * Markdown for a terminal: paragraphs, lists and code, broken into lines at blanks and between
 * Chinese characters.
 */
public final class WrappedText {

  private static final String FENCE = "```";
  private static final String ITEM = "- ";

  /** The first code point that takes two columns; the Latin and Greek scripts are before it. */
  private static final int FIRST_WIDE = 0x2E80;

  /** Characters that do not begin a line. */
  private static final String CLOSING = "，。；：、！？）》】」』”’";

  /** Characters that do not end a line. */
  private static final String OPENING = "（《【「『“‘";

  private WrappedText() {}

  /** Returns how many columns a text takes on a terminal. */
  public static int width(String text) {
    return text.codePoints().map(WrappedText::width).sum();
  }

  private static int width(int codePoint) {
    return codePoint < FIRST_WIDE ? 1 : 2;
  }

  /** Pads a text with blanks on the right. */
  public static String padded(String text, int width) {
    return text + " ".repeat(Math.max(0, width - width(text)));
  }

  /**
   * Returns the lines of a text in Markdown.
   *
   * @param indent what each line begins with
   * @param width the width of the lines, including the indent
   */
  public static List<String> ofMarkdown(String markdown, String indent, int width) {
    List<String> lines = new ArrayList<>();
    boolean inCode = false;
    for (String source : markdown.lines().toList()) {
      String line = inCode ? source : withoutEmphasis(source);
      if (line.startsWith(FENCE)) {
        inCode = !inCode;
      } else if (inCode) {
        lines.add(indent + "    " + line);
      } else if (line.startsWith(ITEM)) {
        List<String> item = wrapped(line.substring(ITEM.length()), width - indent.length() - 2);
        for (int i = 0; i < item.size(); i++) {
          lines.add(indent + (i == 0 ? ITEM : "  ") + inline(item.get(i)));
        }
      } else {
        wrapped(line, width - indent.length()).forEach(it -> lines.add(indent + inline(it)));
      }
    }
    return lines.stream().map(String::stripTrailing).toList();
  }

  /** Shows code in bold if there are colours, and between backticks otherwise. */
  private static String inline(String text) {
    return Ansi.AUTO.enabled()
        ? text.replaceAll("`([^`]*)`", Ansi.AUTO.string("@|bold $1|@").replace("\\", "\\\\"))
        : text;
  }

  /** Emphasis may contain blanks, so it is removed before lines are broken; code is kept. */
  private static String withoutEmphasis(String text) {
    return text.replaceAll("(`[^`]*`)|\\*(?=\\S)([^*`]+)(?<=\\S)\\*", "$1$2");
  }

  /** Breaks a paragraph into lines. Code between backticks is not broken. */
  public static List<String> wrapped(String paragraph, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String piece : pieces(paragraph)) {
      if (!line.isEmpty() && width(line + piece.stripTrailing()) > width) {
        lines.add(line.toString().stripTrailing());
        line.setLength(0);
      }
      line.append(piece);
    }
    lines.add(line.toString().stripTrailing());
    return lines;
  }

  /** The pieces of a paragraph between which a line may end; a blank ends a piece. */
  private static List<String> pieces(String paragraph) {
    List<String> pieces = new ArrayList<>();
    StringBuilder piece = new StringBuilder();
    boolean inCode = false;
    int[] points = paragraph.codePoints().toArray();
    for (int i = 0; i < points.length; i++) {
      piece.appendCodePoint(points[i]);
      inCode ^= points[i] == '`';
      boolean isLast = i == points.length - 1;
      if (isLast || (!inCode && mayBreak(points[i], points[i + 1]))) {
        pieces.add(piece.toString());
        piece.setLength(0);
      }
    }
    return pieces;
  }

  private static boolean mayBreak(int before, int after) {
    if (before == ' ') {
      return true;
    }
    boolean isBesideWide = width(before) > 1 || width(after) > 1;
    return isBesideWide
        && after != ' '
        && CLOSING.indexOf(after) < 0
        && OPENING.indexOf(before) < 0;
  }
}
