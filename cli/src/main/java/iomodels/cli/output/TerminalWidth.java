package iomodels.cli.output;

import java.io.Console;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The width of the terminal, as stty(1) shows it. */
public final class TerminalWidth {

  /** Of a terminal that does not tell its width. */
  private static final int USUAL = 80;

  private static final Pattern SIZE = Pattern.compile("\\d+ ([1-9]\\d*)\\s*");

  private TerminalWidth() {}

  /** The number of characters in a line of standard output; unlimited if it is no terminal. */
  // Since Java 25, System.console() is null again without a terminal (JDK-8351435).
  @SuppressWarnings("SystemConsoleNull")
  public static int ofStandardOutput() {
    Console console = System.console();
    return console == null || !console.isTerminal() ? Integer.MAX_VALUE : ofTerminal();
  }

  private static int ofTerminal() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(Redirect.INHERIT)
              .redirectError(Redirect.DISCARD)
              .start();
      Matcher size = SIZE.matcher(stty.inputReader().readAllAsString());
      return size.matches() ? Integer.parseInt(size.group(1)) : USUAL;
    } catch (IOException | NumberFormatException _) {
      return USUAL;
    }
  }
}
