package iomodels.conformance.targets;

import java.io.IOException;

/** A server that has ended before it listened. */
public final class EndedAtStart extends IOException {

  private static final long serialVersionUID = 1L;

  private final int exitCode;

  EndedAtStart(String message, int exitCode) {
    super(message);
    this.exitCode = exitCode;
  }

  /** Returns the exit code of its process. */
  public int exitCode() {
    return exitCode;
  }
}
