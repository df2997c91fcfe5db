package iomodels.cli.lookup;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Finds the known name that a mistyped one probably means. */
public final class Suggestion {

  /** A name with more wrong letters than this means something else. */
  private static final int MAX_DISTANCE = 3;

  /** As does one of which more than a third is wrong. */
  private static final int RIGHT_PER_WRONG = 3;

  /** The length of a part of a name that says which one is meant. */
  private static final int PART = 3;

  private Suggestion() {}

  /**
   * Returns the known name that is most similar, whatever its case, or the only one of which the
   * mistyped name is a part; empty if there is none.
   */
  public static Optional<String> of(String mistyped, Collection<String> known) {
    String wanted = normalized(mistyped);
    int most = Math.min(MAX_DISTANCE, wanted.length() / RIGHT_PER_WRONG);
    return known.stream()
        .min(Comparator.comparingInt(it -> distance(wanted, normalized(it))))
        .filter(it -> distance(wanted, normalized(it)) <= most)
        .or(() -> theOnlyOneWith(wanted, known));
  }

  private static Optional<String> theOnlyOneWith(String part, Collection<String> known) {
    List<String> longer = known.stream().filter(it -> normalized(it).contains(part)).toList();
    return part.length() >= PART && longer.size() == 1
        ? Optional.of(longer.getFirst())
        : Optional.empty();
  }

  private static String normalized(String name) {
    return name.toLowerCase(Locale.ROOT).replace('-', '_');
  }

  /** Returns how many characters have to be inserted, removed or replaced (Levenshtein). */
  private static int distance(String from, String to) {
    int[] previous = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int[] current = new int[to.length() + 1];
      current[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = previous[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(replaced, 1 + Math.min(previous[j], current[j - 1]));
      }
      previous = current;
    }
    return previous[to.length()];
  }
}
