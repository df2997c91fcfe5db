package iomodels.site;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A question that a lesson asks before it explains, from {@code questions.yaml}. The right answer
 * is not written down: it is the option that the recorded {@linkplain Facts fact} matches.
 *
 * @param fact what answers it, such as {@code verdict tutorial-blocking 6.01}
 * @param why the explanation of the answer; may contain directives
 */
public record Question(String fact, String en, String zh, Text why, List<Option> options) {

  private static final String RANGE = "..";

  /** A text in both languages. */
  public record Text(String en, String zh) {

    String in(String language) {
      return language.equals("zh") ? zh : en;
    }
  }

  /**
   * A possible answer.
   *
   * @param when the facts for which it is right: words separated by blanks, or a range of numbers
   *     such as {@code 2..9}, {@code ..2} or {@code 9..}, whose end is not part of it
   */
  public record Option(String when, String en, String zh) {

    String in(String language) {
      return language.equals("zh") ? zh : en;
    }

    boolean matches(String fact) {
      int range = when.indexOf(RANGE);
      if (range < 0) {
        return Stream.of(when.split(" +")).anyMatch(fact::equals);
      }
      double value = Double.parseDouble(fact);
      return value >= bound(when.substring(0, range), Double.NEGATIVE_INFINITY)
          && value < bound(when.substring(range + RANGE.length()), Double.POSITIVE_INFINITY);
    }

    private static double bound(String written, double missing) {
      return written.isBlank() ? missing : Double.parseDouble(written.strip());
    }
  }

  String in(String language) {
    return language.equals("zh") ? zh : en;
  }

  /**
   * Returns the index of the right option.
   *
   * @throws IllegalArgumentException if no option or several match the fact
   */
  int right(String recorded) {
    List<Integer> matching =
        IntStream.range(0, options.size())
            .filter(it -> options.get(it).matches(recorded))
            .boxed()
            .toList();
    if (matching.size() != 1) {
      throw new IllegalArgumentException(
          "%d options of the question match '%s' (%s); it must be one"
              .formatted(matching.size(), recorded, fact));
    }
    return matching.getFirst();
  }
}
