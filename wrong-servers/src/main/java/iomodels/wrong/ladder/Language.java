package iomodels.wrong.ladder;

/** A language of the texts. */
public enum Language {
  /** English. */
  EN("en"),
  /** Chinese. */
  ZH("zh");

  private final String code;

  Language(String code) {
    this.code = code;
  }

  /** Returns the code of ISO 639, such as {@code zh}. */
  public String code() {
    return code;
  }

  /** Returns the language of a locale such as {@code zh_CN.UTF-8}; English if there is no text. */
  public static Language ofLocale(String locale) {
    return locale.startsWith(ZH.code) ? ZH : EN;
  }
}
