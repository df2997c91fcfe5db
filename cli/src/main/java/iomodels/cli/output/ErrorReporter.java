package iomodels.cli.output;

import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IExecutionExceptionHandler;

/** Reports errors on standard error, one line each, in one format. */
public final class ErrorReporter {

  /**
   * Handles an exception that a command threw. A {@link UserError} is reported in one line. Any
   * other exception is a fault of the program, and is reported with its stack trace.
   */
  public static final IExecutionExceptionHandler HANDLER =
      (e, command, _) -> {
        if (e instanceof UserError) {
          report(command.getErr(), e.getMessage());
        } else {
          reportFault(command.getErr(), e);
        }
        return ExitCode.UNUSABLE;
      };

  private ErrorReporter() {}

  /** Prints one line, with the name of the program in front. */
  public static void report(PrintWriter err, @Nullable String message) {
    err.println(
        Ansi.AUTO.string("@|bold,red iomodels:|@ ") + TerminalText.safe(String.valueOf(message)));
    err.flush();
  }

  /** Reports an exception that no command may throw, with its stack trace. */
  public static void reportFault(PrintWriter err, Throwable fault) {
    fault.printStackTrace(err);
    report(err, "this is a fault of the program: " + fault);
  }
}
