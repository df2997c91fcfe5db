package iomodels.site;

/**
 * Where the pages are, seen from one of them.
 *
 * @param language of that page
 * @param depth how many folders it is below its language's first page
 */
public record Links(String language, int depth) {

  /** The site's first folder, where that which has no language is. */
  public String base() {
    return "../".repeat(depth + (language.equals("en") ? 0 : 1));
  }

  /** The language's first folder. */
  public String home() {
    return "../".repeat(depth);
  }

  public String model(String name) {
    return "%smodels/%s.html".formatted(home(), name);
  }

  public String source(String path) {
    return "%ssource/%s.html".formatted(base(), path);
  }

  public String sideBySide(String names) {
    return "%sside-by-side.html#%s".formatted(home(), names);
  }

  public String program(String name) {
    return "%sprograms.html#%s".formatted(home(), name);
  }

  public String timeline(String names) {
    return "%stimeline.html#show=%s".formatted(home(), names);
  }

  public String rule(String id) {
    return "%srules.html#rule-%s".formatted(home(), id);
  }

  public String wrong(String server) {
    return "%srules.html#%s".formatted(home(), server);
  }

  public String claim(String id) {
    return "%slab.html#%s".formatted(home(), id);
  }

  public String term(String id) {
    return "%sglossary.html#%s".formatted(home(), id);
  }
}
