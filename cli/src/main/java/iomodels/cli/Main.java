package iomodels.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParameterException;

/** The command {@code iomodels}: exit code 0 is yes, 1 is no, 2 is a question badly put. */
@Command(
    name = "iomodels",
    description = "One network service, written once per I/O model: serve, judge and compare them.",
    subcommands = {
      ListCommand.class,
      ServeCommand.class,
      ConnectCommand.class,
      ConformCommand.class,
      CompareCommand.class,
      BenchCommand.class,
      ClaimsCommand.class,
      ReportCommand.class,
      LoadCommand.class,
      TraceCommand.class,
      StudyCommand.class,
      NewCommand.class,
      CommandLine.HelpCommand.class
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    footer = {
      "",
      "Begin with:",
      "  iomodels compare                 all models on real input, in one table",
      "  iomodels serve nio-selector      a server on 127.0.0.1:8080",
      "  iomodels connect                 a client for it, in another terminal",
      "  iomodels study                   all of them side by side, in the browser"
    })
public final class Main {

  static final int OK = 0;
  static final int NO = 1;
  static final int UNUSABLE = 2;
  static final int INTERRUPTED = 130;

  private Main() {}

  /** Runs one command, and ends the JVM with its exit code. */
  public static void main(String[] arguments) {
    Locale.setDefault(
        Locale.Category.FORMAT, Locale.ROOT); // The words are English: so are figures.
    // Replies and cards are UTF-8, whatever the locale makes of the standard streams.
    StandardOutput standard = new StandardOutput();
    PrintWriter out = new PrintWriter(standard, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int exitCode = UNUSABLE;
    try {
      exitCode = run(out, err, arguments);
      if (out.checkError() && exitCode == OK && !standard.isNoLongerRead()) {
        complain(err, "standard output could not be written");
        exitCode = UNUSABLE;
      }
    } catch (OutOfMemoryError e) {
      complain(err, Shortage.words(e));
    } catch (Error e) { // 1 would mean that a server does not conform.
      e.printStackTrace(err);
      complain(err, "this is a fault of the program: " + e);
    } finally {
      System.exit(exitCode);
    }
  }

  static int run(PrintWriter out, PrintWriter err, String... arguments) {
    boolean colours = Ansi.AUTO.enabled();
    PrintWriter safeErr = SafeWriter.around(err, colours);
    return new CommandLine(new Main())
        .setOut(SafeWriter.around(out, colours))
        .setErr(safeErr)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionStrategy(
            parsed -> {
              Range.Check.all(parsed);
              return new CommandLine.RunLast().execute(parsed);
            })
        .setParameterExceptionHandler((e, _) -> complain(e.getCommandLine(), safeErr, e))
        .setExecutionExceptionHandler(FAILURES)
        .execute(arguments);
  }

  /** One line for what the user can mend; a stack trace only for what is our fault. */
  static final IExecutionExceptionHandler FAILURES =
      (e, command, _) -> {
        if (e instanceof Failure) {
          return complain(command, command.getErr(), e);
        }
        e.printStackTrace(command.getErr());
        return complain(
            command, command.getErr(), new Failure("this is a fault of the program: " + e));
      };

  /** One line on stderr, in the form that all of them have. */
  static void complain(PrintWriter err, @Nullable String what) {
    err.println(
        Ansi.AUTO.string("@|bold,red iomodels:|@ ") + TerminalText.safe(String.valueOf(what)));
    err.flush();
  }

  private static int complain(CommandLine command, PrintWriter err, Exception e) {
    String reason = e.getMessage();
    if (e instanceof ParameterException wrong) {
      reason = Range.Check.unreadable(wrong).orElse(reason);
    }
    complain(err, reason);
    if (e instanceof ParameterException) {
      err.println("Try: " + command.getCommandSpec().qualifiedName() + " --help");
    }
    return UNUSABLE;
  }

  /** The version that the build has given to the module. */
  static final class Version implements CommandLine.IVersionProvider {

    @Override
    public String[] getVersion() {
      String version =
          Main.class.getModule().getDescriptor() == null
              ? "unknown"
              : Main.class.getModule().getDescriptor().rawVersion().orElse("unknown");
      return new String[] {"iomodels " + version + ", Java " + Runtime.version()};
    }
  }
}
