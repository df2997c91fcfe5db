package iomodels.site;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Handwritten notes on a model, from {@code models.yaml}.
 *
 * @param diagram the diagram of its two phases
 * @param words its API terms beside Python's
 * @param pitfalls wrong servers that show typical mistakes with this model
 * @param related implementations to compare it with
 */
public record Notes(
    @Nullable Diagram diagram,
    @Nullable List<Pair> words,
    @Nullable List<Pitfall> pitfalls,
    @Nullable List<String> related) {

  /** No notes, as for a new model. */
  static final Notes NONE = new Notes(null, null, null, null);

  /** A Java term, its Python counterpart, and a comparison of the two. */
  public record Pair(String java, String python, String en, String zh) {

    public String in(String language) {
      return language.equals("zh") ? zh : en;
    }
  }

  /** A wrong server, and the reason why this model is prone to its fault. */
  public record Pitfall(String server, String en, String zh) {

    public String in(String language) {
      return language.equals("zh") ? zh : en;
    }
  }
}
