package iomodels.site;

import iomodels.conformance.Rule;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** The messages of the pages in one language, by keys such as {@code nav.lessons}. */
public final class Words {

  /** Prefix of the keys of translations of the English text in the Java sources. */
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
   * Returns the message for a key.
   *
   * @throws IllegalArgumentException if there is none, so that no page lacks a text
   */
  String of(String key) {
    String word = words.get(key);
    if (word == null) {
      throw new IllegalArgumentException(
          "no message for the key '%s' in the language '%s'".formatted(key, language));
    }
    return word;
  }

  /** Returns the message for a key, with values in place of {@code {0}}, {@code {1}} … */
  String of(String key, Object... values) {
    String word = of(key);
    for (int i = 0; i < values.length; i++) {
      word = word.replace("{" + i + "}", String.valueOf(values[i]));
    }
    return word;
  }

  /**
   * Translates a text from the Java sources.
   *
   * @param kind {@code summary}, {@code rule}, {@code why}, {@code fault}, {@code card}, {@code
   *     style}, …
   * @param key a name, an id, or the English text itself
   * @param english the text to return if there is no translation
   */
  public String translated(String kind, String key, String english) {
    return words.getOrDefault(SERVERS + kind + "." + key, english);
  }

  /** Returns the sentence of a rule. */
  public String sentence(Rule rule) {
    return translated("rule", rule.id(), rule.sentence());
  }

  /** Returns the reason for a rule. */
  public String why(Rule rule) {
    return translated("why", rule.id(), rule.why());
  }

  /** Returns the summary of an implementation; for a program, that of its style. */
  public String summary(Implementation implementation) {
    String own = translated("summary", implementation.id(), implementation.summary());
    return implementation
        .styledProgram()
        .map(it -> translated("style", it.style(), own))
        .orElse(own);
  }

  /** Returns all messages whose keys begin with a prefix, by the rest of the key. */
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
