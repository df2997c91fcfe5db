package iomodels.site;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is written by hand about a model, in {@code models.yaml}.
 *
 * @param diagram its two phases, drawn
 * @param words its idiom's words and Python's
 * @param pitfalls wrong servers that show what this model invites to
 * @param related what is worth being laid beside it
 */
public record Notes(
    @Nullable Diagram diagram,
    @Nullable List<Pair> words,
    @Nullable List<Pitfall> pitfalls,
    @Nullable List<String> related) {

  /** Nothing is written of it: a model that is new. */
  static final Notes NONE = new Notes(null, null, null, null);

  /** A word of Java's, and the one that a Python programmer would look for. */
  public record Pair(String java, String python, String en, String zh) {

    public String in(String language) {
      return language.equals("zh") ? zh : en;
    }
  }

  /** A wrong server, and why this model is prone to its fault. */
  public record Pitfall(String server, String en, String zh) {

    public String in(String language) {
      return language.equals("zh") ? zh : en;
    }
  }
}
