package iomodels.program;

import java.io.Serial;

/** Thrown for a line of more than {@link LineReader#MAX_BYTES}. */
public final class LineTooLongException extends Exception {

  /** The answer to such a line; the conversation then ends. */
  public static final String ANSWER = "error line too long\n";

  @Serial private static final long serialVersionUID = 1L;

  LineTooLongException() {
    super("line too long");
  }
}
