package iomodels.lab.trace;

import java.io.IOException;

/** Tracing a process is not permitted on this system. */
public final class NotPermittedException extends IOException {

  private static final long serialVersionUID = 1L;

  NotPermittedException(String message) {
    super(message);
  }
}
