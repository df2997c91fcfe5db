package iomodels.lab;

import java.io.Serial;

/**
 * A server did not stand the load: it refused, reset, closed early, fell silent or gave a wrong
 * reply. The message says which, and on which connection.
 */
public final class LoadException extends Exception {

  @Serial private static final long serialVersionUID = 1L;

  LoadException(String message) {
    super(message);
  }

  LoadException(String message, Throwable cause) {
    super(message + ": " + cause.getMessage(), cause);
  }
}
