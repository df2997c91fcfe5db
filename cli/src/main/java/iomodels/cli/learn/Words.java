package iomodels.cli.learn;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.wrong.ladder.Language;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;

/** The messages of {@code learn} in one language. The texts of the stages are elsewhere. */
public final class Words {

  private final Language language;
  private final Properties words = new Properties();

  /** Reads the messages of a language. */
  public Words(Language language) {
    this.language = language;
    String file = "words-%s.properties".formatted(language.code());
    try (InputStream in = Words.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException("there is no file " + file);
      }
      Reader reader = new InputStreamReader(in, UTF_8);
      words.load(reader);
    } catch (IOException e) {
      throw new UncheckedIOException(file, e);
    }
  }

  /**
   * Returns the language that the user's environment asks for.
   *
   * @param environment the variables; the first of LC_ALL, LC_MESSAGES and LANG that is set counts
   */
  public static Language wanted(Map<String, String> environment) {
    return Stream.of("LC_ALL", "LC_MESSAGES", "LANG")
        .map(it -> environment.getOrDefault(it, ""))
        .filter(it -> !it.isEmpty())
        .findFirst()
        .map(Language::ofLocale)
        .orElse(Language.EN);
  }

  /** The language of the messages. */
  public Language language() {
    return language;
  }

  /**
   * Returns a message.
   *
   * @throws IllegalArgumentException if there is none with this key
   */
  public String of(String key, Object... values) {
    return pattern(key).formatted(values);
  }

  String pattern(String key) {
    String word = words.getProperty(key);
    if (word == null) {
      throw new IllegalArgumentException(
          "no message for the key '%s' in %s".formatted(key, language));
    }
    return word;
  }

  Set<String> keys() {
    return words.stringPropertyNames();
  }
}
