package iomodels.cli.commands;

import iomodels.cli.connect.ClientSession;
import iomodels.cli.connect.ClientSession.Ending;
import iomodels.cli.connect.LocalUser;
import iomodels.cli.connect.PipeUser;
import iomodels.cli.connect.TerminalUser;
import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.options.ServerAddress;
import iomodels.cli.output.ErrorReporter;
import iomodels.cli.output.UserError;
import iomodels.conformance.targets.Connector;
import iomodels.conformance.targets.HostAndPort;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code connect}: an interactive client. */
@Command(
    name = "connect",
    mixinStandardHelpOptions = true,
    description = "Connect to a server: send each line, show each reply.",
    footer = {
      "",
      "At a terminal, leading and trailing white space is stripped, LF is appended, and empty"
          + " lines are not sent. Ctrl-D ends the connection after all replies have arrived, Ctrl-C"
          + " ends it at once.",
      "If standard input is a pipe, there is no prompt, and bytes are copied in both directions; LF"
          + " is appended to a last line that lacks it.",
      "",
      "Exit code: 0 success, 1 the server ended it early, 2 wrong usage or no connection, 130"
          + " Ctrl-C."
    })
public final class ConnectCommand implements Callable<Integer> {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final int ENDED_EARLY = 1;
  private static final int INTERRUPTED = 130;

  /** Opens standard input and output; called after the options are parsed. */
  interface UserFactory {
    LocalUser open(boolean raw) throws IOException;
  }

  private final UserFactory users;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private ServerAddress serverAddress = new ServerAddress();

  @Option(
      names = "--raw",
      description = "Send input unchanged: do not strip white space, do not append LF.")
  private boolean raw;

  ConnectCommand() {
    this(ConnectCommand::terminalOrPipe);
  }

  ConnectCommand(UserFactory users) {
    this.users = users;
  }

  // Since Java 25, System.console() is null again without a terminal (JDK-8351435).
  @SuppressWarnings("SystemConsoleNull")
  private static LocalUser terminalOrPipe(boolean raw) throws IOException {
    // A console exists only if both standard input and standard output are terminals.
    Console console = System.console();
    return console != null && console.isTerminal()
        ? new TerminalUser(raw)
        : new PipeUser(
            new FileInputStream(FileDescriptor.in), new FileOutputStream(FileDescriptor.out), raw);
  }

  @Override
  public Integer call() throws UserError, InterruptedException {
    HostAndPort server = serverAddress.parse();
    List<InetSocketAddress> addresses = ArgumentResolver.resolve(server);
    try (Socket socket = connect(server, addresses)) {
      return exitCode(converse(socket));
    } catch (IOException e) {
      return report(ENDED_EARLY, e.getMessage() + "; the connection is closed");
    }
  }

  private Ending converse(Socket socket) throws IOException {
    try (LocalUser user = users.open(raw)) {
      return new ClientSession(socket, user).run();
    }
  }

  private static Socket connect(HostAndPort server, List<InetSocketAddress> addresses)
      throws UserError, InterruptedException {
    try {
      Socket socket = Connector.connect(addresses, TIMEOUT);
      socket.setTcpNoDelay(true);
      return socket;
    } catch (ConnectException _) {
      throw new UserError(
          "nothing listens at %s; start a server with: iomodels serve nio-selector"
              .formatted(server));
    } catch (SocketTimeoutException _) {
      throw new UserError(
          "%s did not answer within %d s; is a firewall in the way?"
              .formatted(server, TIMEOUT.toSeconds()));
    } catch (IOException e) {
      throw new UserError("cannot reach %s: %s".formatted(server, e.getMessage()));
    }
  }

  private int exitCode(Ending ending) {
    return switch (ending) {
      case COMPLETE -> 0;
      case CLOSED -> report(0, "the server has closed the connection; connect again to go on");
      case CUT_OFF ->
          report(
              ENDED_EARLY,
              "the server closed the connection before it had answered everything; see its log");
      case RESET ->
          report(
              ENDED_EARLY, "the server reset the connection; replies may be missing; see its log");
      case INTERRUPTED -> INTERRUPTED;
    };
  }

  private int report(int exitCode, String message) {
    ErrorReporter.report(spec.commandLine().getErr(), message);
    return exitCode;
  }
}
