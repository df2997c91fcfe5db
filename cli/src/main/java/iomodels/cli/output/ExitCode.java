package iomodels.cli.output;

/** Exit codes of the command {@code iomodels}. */
public final class ExitCode {

  /** The answer is yes, or the work is done. */
  public static final int OK = 0;

  /** The answer is no: for instance, a rule is broken, or a server failed. */
  public static final int NO = 1;

  /** There is no answer: wrong usage, a missing tool, or a fault of the program. */
  public static final int UNUSABLE = 2;

  /** Ctrl-C: 128 and the number of SIGINT, as in a shell. */
  public static final int INTERRUPTED = 130;

  private ExitCode() {}
}
