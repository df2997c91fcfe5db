package iomodels.program;

import java.io.Serial;

/** Thrown if a line has more than {@link LineReader#MAX_BYTES} bytes. */
public final class LineTooLongException extends Exception {

  /** The answer to such a line; the server then closes the connection. */
  public static final String ANSWER = "error line too long\n";

  @Serial private static final long serialVersionUID = 1L;

  LineTooLongException() {
    super("line too long");
  }
}
