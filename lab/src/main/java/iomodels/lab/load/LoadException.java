package iomodels.lab.load;

import java.io.Serial;

/**
 * A server failed under load: it refused or reset a connection, closed one early, did not answer in
 * time, or gave a wrong reply. The message says which, and on which connection.
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
