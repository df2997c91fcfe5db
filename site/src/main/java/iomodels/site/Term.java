package iomodels.site;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A glossary entry: a Java name and its Python counterpart, or a term of the field. */
public record Term(
    String id,
    String group,
    @Nullable String term,
    @Nullable String zhTerm,
    @Nullable String java,
    @Nullable String python,
    String en,
    String zh,
    @Nullable List<String> models) {

  public String in(String language) {
    return language.equals("zh") ? zh : en;
  }

  /** Returns the heading of the entry in a language. */
  public String title(String language) {
    String own = language.equals("zh") && zhTerm != null ? zhTerm : term;
    if (own != null) {
      return own;
    }
    return java != null ? java : python != null ? python : id;
  }
}
