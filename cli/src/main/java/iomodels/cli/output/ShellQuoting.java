package iomodels.cli.output;

/** Quotes words of commands that are printed, so that they can be copied into a shell. */
public final class ShellQuoting {

  private ShellQuoting() {}

  /** Quotes a word. */
  public static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  /** Quotes a word only if necessary. */
  public static String word(String word) {
    return word.matches("[\\w./-]+") ? word : quoted(word);
  }
}
