package iomodels.cli;

/** A command that is shown can be copied into a shell. */
final class Shell {

  private Shell() {}

  /** One word, whatever is in it. */
  static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  /** One word, with quotes only if it needs them. */
  static String word(String word) {
    return word.matches("[\\w./-]+") ? word : quoted(word);
  }
}
