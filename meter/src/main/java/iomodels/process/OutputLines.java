package iomodels.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.util.Optional;
import java.util.function.Consumer;

/** Reads the output of a process line by line, in bounded memory, even if a line never ends. */
public final class OutputLines {

  /** The maximum length of a line, in characters. */
  public static final int MAX_LENGTH = 4 * 1024;

  private static final String CUT = "…";
  private static final int CHUNK = 8 * 1024;

  private OutputLines() {}

  /**
   * Reads until the output ends. Blocks the calling thread.
   *
   * @param lines receives each line without its line end; a line that is too long is passed on, cut
   *     and with an ellipsis, as soon as it exceeds the limit, and its rest is dropped
   */
  public static void read(Reader output, Consumer<String> lines) throws IOException {
    char[] chunk = new char[CHUNK];
    StringBuilder line = new StringBuilder();
    boolean cut = false;
    for (int n = output.read(chunk); n >= 0; n = output.read(chunk)) {
      for (int i = 0; i < n; i++) {
        if (chunk[i] == '\n') {
          if (!cut) {
            lines.accept(withoutReturn(line));
          }
          line.setLength(0);
          cut = false;
        } else if (line.length() < MAX_LENGTH) {
          line.append(chunk[i]);
        } else if (!cut) {
          lines.accept(line + CUT);
          cut = true;
        }
      }
    }
    if (!line.isEmpty() && !cut) {
      lines.accept(withoutReturn(line));
    }
  }

  /**
   * Reads and discards the output in a daemon thread, so that the process never blocks on a full
   * pipe. A read from a pipe would keep the carrier of a virtual thread.
   */
  public static void drain(Reader output) {
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try (output) {
                output.transferTo(Writer.nullWriter());
              } catch (IOException _) {
                // The pipe was closed with the process.
              }
            });
  }

  /**
   * Reads the next line, without its line end. A line longer than {@link #MAX_LENGTH} is returned
   * in pieces, each but the last with an ellipsis. Returns empty at the end of the output.
   */
  public static Optional<String> next(BufferedReader output) throws IOException {
    StringBuilder line = new StringBuilder();
    int c = output.read();
    if (c < 0) {
      return Optional.empty();
    }
    while (c >= 0 && c != '\n') {
      line.append((char) c);
      output.mark(1); // A line of maximum length may end with the next character.
      c = output.read();
      if (line.length() == MAX_LENGTH && c >= 0 && c != '\n') {
        output.reset();
        return Optional.of(line + CUT);
      }
    }
    return Optional.of(withoutReturn(line));
  }

  private static String withoutReturn(StringBuilder line) {
    int last = line.length() - 1;
    return last >= 0 && line.charAt(last) == '\r' ? line.substring(0, last) : line.toString();
  }
}
