package iomodels.cli.output;

import java.io.FilterWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Filter for standard output and standard error that makes all text safe for a terminal: text from
 * a server or a file name may contain control characters. Colours pass if colours are enabled.
 */
public final class SafeWriter extends FilterWriter {

  private static final Pattern COLOUR = Pattern.compile("\u001B\\[[0-9;]*m");

  private final boolean colours;

  private SafeWriter(Writer out, boolean colours) {
    super(out);
    this.colours = colours;
  }

  /** Wraps a writer. */
  public static PrintWriter around(PrintWriter out, boolean colours) {
    return new PrintWriter(new SafeWriter(out, colours), true);
  }

  @Override
  public void write(String text, int offset, int length) throws IOException {
    out.write(safe(text.substring(offset, offset + length)));
  }

  @Override
  public void write(char[] chars, int offset, int length) throws IOException {
    out.write(safe(new String(chars, offset, length)));
  }

  @Override
  public void write(int c) throws IOException {
    out.write(safe(Character.toString((char) c)));
  }

  private String safe(String text) {
    if (!colours || text.indexOf('\u001B') < 0) {
      return safeButLineEnds(text);
    }
    StringBuilder safe = new StringBuilder();
    Matcher colour = COLOUR.matcher(text);
    int from = 0;
    while (colour.find()) {
      safe.append(safeButLineEnds(text.substring(from, colour.start()))).append(colour.group());
      from = colour.end();
    }
    return safe.append(safeButLineEnds(text.substring(from))).toString();
  }

  /** A carriage return is safe only in a line end; alone it would overwrite the line. */
  private static String safeButLineEnds(String text) {
    return text.equals(System.lineSeparator()) ? text : TerminalText.safe(text);
  }
}
