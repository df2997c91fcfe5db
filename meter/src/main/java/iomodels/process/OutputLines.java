package iomodels.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.util.Optional;
import java.util.function.Consumer;

/** Reads the output of a process by lines, in bounded memory: a process may never end its line. */
public final class OutputLines {

  /** What a line holds at most, in characters; the rest of a longer one is dropped. */
  public static final int MAX_LENGTH = 4 * 1024;

  private static final String CUT = "…";
  private static final int CHUNK = 8 * 1024;

  private OutputLines() {}

  /**
   * Reads until the output ends.
   *
   * @param lines takes each line without its end; a long one as soon as it is too long, with an
   *     ellipsis
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
   * Reads in a thread of its own and drops all that comes, so that a process never waits for room
   * in the pipe.
   */
  public static void drain(Reader output) {
    Thread.ofVirtual()
        .start(
            () -> {
              try (output) {
                output.transferTo(Writer.nullWriter());
              } catch (IOException _) {
                // It was closed with the process.
              }
            });
  }

  /**
   * The next line; of one that is longer than {@link #MAX_LENGTH} the next piece, with an ellipsis;
   * empty at the end of the output.
   */
  public static Optional<String> next(BufferedReader output) throws IOException {
    StringBuilder line = new StringBuilder();
    int c = output.read();
    if (c < 0) {
      return Optional.empty();
    }
    while (c >= 0 && c != '\n') {
      line.append((char) c);
      output.mark(1); // A line that is just as long as it may be ends with the next character.
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
