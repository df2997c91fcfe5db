package iomodels.cli.options;

import iomodels.cli.output.TerminalWidth;
import picocli.CommandLine.Option;

/** The option {@code --wide}: tables with all columns. */
public final class WideOption {

  @Option(
      names = "--wide",
      description =
          "Print all columns of tables. Without it, a terminal shows the columns that fit; a file"
              + " or pipe gets all.")
  private boolean wide;

  /** How wide a table may be, in characters. */
  public int width() {
    return wide ? Integer.MAX_VALUE : TerminalWidth.ofStandardOutput();
  }
}
