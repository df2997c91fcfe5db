package iomodels.site;

import java.util.ArrayList;
import java.util.List;

/** Estimates the width of text. The reader's fonts are unknown, so the result is approximate. */
final class TextWidth {

  /** Width of a character in a monospaced font, as a fraction of the font size. */
  static final double MONOSPACE = 0.6;

  /** Width of a character in a proportional font: the average, rounded up. */
  static final double PROPORTIONAL = 0.56;

  private TextWidth() {}

  /** Returns the width of a line, in the unit of the font size. */
  static double of(String text, double size, double narrow) {
    return text.codePoints().mapToDouble(it -> isWide(it) ? 1 : narrow).sum() * size;
  }

  /** Returns the width of the widest line. */
  static double of(List<String> lines, double size, double narrow) {
    return lines.stream().mapToDouble(line -> of(line, size, narrow)).max().orElse(0);
  }

  /** Returns whether a character is full-width: Chinese, Japanese, Korean, or their punctuation. */
  static boolean isWide(int character) {
    return Character.isIdeographic(character)
        || (0x3000 <= character && character <= 0x30FF)
        || (0xAC00 <= character && character <= 0xD7AF)
        || (0xFF00 <= character && character <= 0xFF60);
  }

  /**
   * Wraps a call into lines of at most {@code most} characters, if possible. A line can end before
   * a dot or after a blank, a comma with a blank, or an opening parenthesis.
   */
  static List<String> wrapped(String text, int most) {
    List<String> lines = new ArrayList<>();
    String rest = text;
    while (length(rest) > most) {
      int at = breakAt(rest, most);
      if (at <= 0) {
        break;
      }
      lines.add(rest.substring(0, at).strip());
      rest = rest.substring(at).strip();
    }
    lines.add(rest);
    return lines;
  }

  /** Returns the length; a full-width character counts twice. */
  private static int length(String text) {
    return text.codePoints().map(it -> isWide(it) ? 2 : 1).sum();
  }

  /**
   * Returns the last position at which the line is short enough, otherwise the first possible
   * position. It breaks after a parenthesis only if there is no other way, and if the remainder is
   * long enough.
   */
  private static int breakAt(String text, int most) {
    int best = 0;
    int atBracket = 0;
    for (int i = 1; i < text.length(); i++) {
      boolean fits = length(text.substring(0, i).strip()) <= most;
      if (isPlace(text, i) && (best == 0 || fits)) {
        best = i;
      }
      if (text.charAt(i - 1) == '(' && text.length() - i > most / 2 && (atBracket == 0 || fits)) {
        atBracket = i;
      }
    }
    boolean bestFits = best > 0 && length(text.substring(0, best).strip()) <= most;
    if (bestFits || atBracket == 0) {
      return best;
    }
    return best == 0 ? atBracket : Math.min(best, atBracket);
  }

  private static boolean isPlace(String text, int i) {
    char before = text.charAt(i - 1);
    int after = text.codePointAt(i);
    return before == ' '
        || (after == '.' && Character.isLetterOrDigit(before))
        || (isWide(before) && isWide(after) && Character.isLetter(after));
  }
}
