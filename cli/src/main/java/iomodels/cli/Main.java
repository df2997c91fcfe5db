package iomodels.cli;

import iomodels.cli.commands.BenchCommand;
import iomodels.cli.commands.ClaimsCommand;
import iomodels.cli.commands.CompareCommand;
import iomodels.cli.commands.ConformCommand;
import iomodels.cli.commands.ConnectCommand;
import iomodels.cli.commands.LearnCommand;
import iomodels.cli.commands.ListCommand;
import iomodels.cli.commands.LoadCommand;
import iomodels.cli.commands.NewCommand;
import iomodels.cli.commands.ReportCommand;
import iomodels.cli.commands.ServeCommand;
import iomodels.cli.commands.StudyCommand;
import iomodels.cli.commands.TraceCommand;
import iomodels.cli.lookup.Suggestion;
import iomodels.cli.options.Range;
import iomodels.cli.output.ErrorReporter;
import iomodels.cli.output.ExitCode;
import iomodels.cli.output.OutOfMemoryAdvice;
import iomodels.cli.output.SafeWriter;
import iomodels.cli.output.StandardOutput;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code iomodels}. Its exit codes are those of {@link ExitCode}. */
@Command(
    name = "iomodels",
    description = "One network service, written once per I/O model: serve, judge and compare them.",
    subcommands = {
      ListCommand.class,
      ServeCommand.class,
      ConnectCommand.class,
      ConformCommand.class,
      LearnCommand.class,
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
      "  iomodels study                          all models, in the browser",
      "  iomodels serve nio-selector             a server on 127.0.0.1:8080",
      "  iomodels connect                        a client for it, in another terminal",
      "  iomodels compare                        every model, tested and measured",
      "  iomodels conform --exec 'CMD {port}'    tests a server of your own",
      "  iomodels learn                          build one yourself, stage by stage",
      "  iomodels new my-model                   a module for a model of your own"
    })
public final class Main implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  Main() {}

  /** Without a command: prints where to begin. The help lists all commands. */
  @Override
  public void run() {
    CommandLine.Help help = spec.commandLine().getHelp();
    PrintWriter out = spec.commandLine().getOut();
    out.print(help.description() + help.footer());
    out.println();
    out.println("All commands: iomodels --help. Options of one: iomodels COMMAND --help.");
    out.flush();
  }

  /** Runs one command, and ends the JVM with its exit code. */
  public static void main(String[] arguments) {
    // The texts are in English, and so is the format of numbers.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    // Replies and model cards are UTF-8, whatever charset the locale gives the standard streams.
    StandardOutput standard = new StandardOutput();
    PrintWriter out = new PrintWriter(standard, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int exitCode = ExitCode.UNUSABLE;
    try {
      exitCode = run(out, err, arguments);
      if (out.checkError() && exitCode == ExitCode.OK && !standard.isNoLongerRead()) {
        ErrorReporter.report(err, "standard output could not be written");
        exitCode = ExitCode.UNUSABLE;
      }
    } catch (OutOfMemoryError e) {
      ErrorReporter.report(err, OutOfMemoryAdvice.of(e));
    } catch (Error e) { // The JVM's own exit code would be 1: a server does not conform.
      ErrorReporter.reportFault(err, e);
    } finally {
      System.exit(exitCode);
    }
  }

  /** The parser of all commands. */
  static CommandLine commandLine() {
    return new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true);
  }

  static int run(PrintWriter out, PrintWriter err, String... arguments) {
    boolean colours = Ansi.AUTO.enabled();
    PrintWriter safeErr = SafeWriter.around(err, colours);
    return commandLine()
        .setOut(SafeWriter.around(out, colours))
        .setErr(safeErr)
        .setExecutionStrategy(
            parsed -> {
              Range.Check.all(parsed);
              return new CommandLine.RunLast().execute(parsed);
            })
        .setParameterExceptionHandler((e, _) -> reportUsage(safeErr, e))
        .setExecutionExceptionHandler(ErrorReporter.HANDLER)
        .execute(arguments);
  }

  private static int reportUsage(PrintWriter err, ParameterException e) {
    ErrorReporter.report(err, Range.Check.unreadable(e).orElse(e.getMessage() + suggestion(e)));
    err.println("Try: " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help");
    return ExitCode.UNUSABLE;
  }

  /** The name that was probably meant: of a command, of an option, or of a value of an option. */
  private static String suggestion(ParameterException e) {
    Optional<String> meant =
        e instanceof CommandLine.UnmatchedArgumentException unmatched
            ? unmatched.getSuggestions().stream().findFirst()
            : Optional.ofNullable(e.getValue()).flatMap(it -> Suggestion.of(it, known(e)));
    return meant.map("; did you mean '%s'?"::formatted).orElse("");
  }

  /** The values of the option; without one, the commands, for which help was wanted. */
  private static List<String> known(ParameterException e) {
    ArgSpec option = e.getArgSpec();
    if (option == null) {
      return List.copyOf(e.getCommandLine().getSubcommands().keySet());
    }
    List<String> values = new ArrayList<>();
    if (option.completionCandidates() != null) {
      option.completionCandidates().forEach(values::add);
    }
    return values;
  }

  /** The version that the build gave to the module. */
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
