package iomodels.site;

import java.util.ArrayList;
import java.util.List;

/** How much room a text takes, roughly: nobody knows the reader's fonts. */
final class TextWidth {

  /** Of a font's size, what a character of a monospaced font is wide. */
  static final double MONOSPACE = 0.6;

  /** What a character of another font is wide, on average and a little more. */
  static final double PROPORTIONAL = 0.56;

  private TextWidth() {}

  /** In the unit of the size. */
  static double of(String text, double size, double narrow) {
    return text.codePoints().mapToDouble(it -> isWide(it) ? 1 : narrow).sum() * size;
  }

  /** The widest of some lines. */
  static double of(List<String> lines, double size, double narrow) {
    return lines.stream().mapToDouble(line -> of(line, size, narrow)).max().orElse(0);
  }

  /** Chinese, Japanese and Korean characters fill a square; so do their signs. */
  static boolean isWide(int character) {
    return Character.isIdeographic(character)
        || (0x3000 <= character && character <= 0x30FF)
        || (0xAC00 <= character && character <= 0xD7AF)
        || (0xFF00 <= character && character <= 0xFF60);
  }

  /**
   * Lines of a call that are no longer than so many characters, if it can be: it is broken before a
   * point or after an opening bracket, a comma or a blank.
   */
  static List<String> broken(String text, int most) {
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

  /** As if a wide character were two. */
  private static int length(String text) {
    return text.codePoints().map(it -> isWide(it) ? 2 : 1).sum();
  }

  /**
   * The last place that leaves a line short enough; otherwise the first that there is. After a
   * bracket only if nothing else helps, and what is left is worth a line.
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
