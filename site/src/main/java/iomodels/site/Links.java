package iomodels.site;

/**
 * Relative links from one page to others.
 *
 * @param language the language of the page that contains the links
 * @param depth how many folders that page is below the first page of its language
 */
public record Links(String language, int depth) {

  /** Returns the path to the root of the site, which contains files without a language. */
  public String base() {
    return "../".repeat(depth + (language.equals("en") ? 0 : 1));
  }

  /** Returns the path to the root folder of the language. */
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

  public String programRule(String id) {
    return "%sprograms.html#rule-%s".formatted(home(), id);
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
