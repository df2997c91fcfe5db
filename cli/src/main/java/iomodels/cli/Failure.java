package iomodels.cli;

/** What the user can mend: one line that names the mend, and exit code 2. */
final class Failure extends Exception {

  private static final long serialVersionUID = 1L;

  Failure(String message) {
    super(message, null, false, false);
  }
}
