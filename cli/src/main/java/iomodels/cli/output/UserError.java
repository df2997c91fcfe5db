package iomodels.cli.output;

/**
 * An error that the user can correct. The message is one line that names the remedy; the exit code
 * is {@link ExitCode#UNUSABLE}.
 */
public final class UserError extends Exception {

  private static final long serialVersionUID = 1L;

  /** Creates an error without a stack trace. */
  public UserError(String message) {
    super(message, null, false, false);
  }
}
