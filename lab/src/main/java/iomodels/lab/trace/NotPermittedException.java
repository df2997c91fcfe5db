package iomodels.lab.trace;

import java.io.IOException;

/** This system lets nobody trace a process, or not us. */
public final class NotPermittedException extends IOException {

  private static final long serialVersionUID = 1L;

  NotPermittedException(String message) {
    super(message);
  }
}
