package iomodels.program;

import java.io.Serial;

/** A line has more bytes than {@link LineReader#MAX_BYTES}. */
public final class LineTooLongException extends Exception {

  /** Said to whoever has sent it. */
  public static final String ANSWER = "error line too long\n";

  @Serial private static final long serialVersionUID = 1L;

  LineTooLongException() {
    super("line too long");
  }
}
