package iomodels.site;

import iomodels.conformance.Rule;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** The words of the pages in one language, by keys such as {@code nav.lessons}. */
public final class Words {

  /** Before the keys of what is said in other words than the sources'. */
  static final String SERVERS = "servers.";

  private final String language;
  private final Map<String, String> words = new LinkedHashMap<>();

  Words(String language, JsonNode messages, JsonNode servers) {
    this.language = language;
    flatten("", messages);
    flatten(SERVERS, servers);
  }

  /** {@code en} or {@code zh}. */
  String language() {
    return language;
  }

  /**
   * The words of that key.
   *
   * @throws IllegalArgumentException if there are none: a page without words is not written
   */
  String of(String key) {
    String word = words.get(key);
    if (word == null) {
      throw new IllegalArgumentException("no words for '%s' in %s".formatted(key, language));
    }
    return word;
  }

  /** The words of a key with their places filled, {@code {0}} by the first value. */
  String of(String key, Object... values) {
    String word = of(key);
    for (int i = 0; i < values.length; i++) {
      word = word.replace("{" + i + "}", String.valueOf(values[i]));
    }
    return word;
  }

  /**
   * What the Java sources say in English, in this language.
   *
   * @param kind {@code summary}, {@code rule}, {@code why}, {@code fault}, {@code card}, {@code
   *     style}, …
   * @param key of it: a name or an id, or the English text itself
   * @param english what is said if nobody has translated it
   */
  public String said(String kind, String key, String english) {
    return words.getOrDefault(SERVERS + kind + "." + key, english);
  }

  /** What a rule demands. */
  public String sentence(Rule rule) {
    return said("rule", rule.id(), rule.sentence());
  }

  /** What goes wrong without a rule. */
  public String why(Rule rule) {
    return said("why", rule.id(), rule.why());
  }

  /** The sentence of an exhibit: that of a program is what its style says. */
  public String summary(Exhibit exhibit) {
    String own = said("summary", exhibit.id(), exhibit.summary());
    return exhibit.written().map(it -> said("style", it.style(), own)).orElse(own);
  }

  /** All keys that begin like that, without it. */
  Map<String, String> below(String prefix) {
    Map<String, String> below = new LinkedHashMap<>();
    words.forEach(
        (key, word) -> {
          if (key.startsWith(prefix)) {
            below.put(key.substring(prefix.length()), word);
          }
        });
    return below;
  }

  Map<String, String> all() {
    return words;
  }

  private void flatten(String prefix, JsonNode node) {
    node.properties()
        .forEach(
            each -> {
              if (each.getValue().isObject()) {
                flatten(prefix + each.getKey() + ".", each.getValue());
              } else {
                words.put(prefix + each.getKey(), each.getValue().asString());
              }
            });
  }
}
