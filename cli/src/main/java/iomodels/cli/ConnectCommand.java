package iomodels.cli;

import iomodels.cli.Conversation.Ending;
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

/** {@code connect}: the client. */
@Command(
    name = "connect",
    mixinStandardHelpOptions = true,
    description = "Talks to a server: sends each line, shows each reply.",
    footer = {
      "",
      "Each line is sent without the white space around it, and with LF; an empty one is not sent.",
      "Ctrl-D ends the conversation, once all replies have come. Ctrl-C breaks it off.",
      "On a pipe there is no prompt, and replies are passed on byte by byte.",
      "",
      "Exit codes: 0 all is well; 1 the server broke it off; 2 wrong usage, or no connection;",
      "130 Ctrl-C."
    })
final class ConnectCommand implements Callable<Integer> {

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int BROKEN_OFF = 1;
  private static final int INTERRUPTED = 130;

  /** Who talks: known only when the options are. */
  interface UserFactory {
    User open(boolean raw) throws IOException;
  }

  private final UserFactory users;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private Destination destination = new Destination();

  @Option(
      names = "--raw",
      description = "Send what is typed or piped as it is: nothing stripped, no LF added.")
  private boolean raw;

  ConnectCommand() {
    this(ConnectCommand::terminalOrPipe);
  }

  ConnectCommand(UserFactory users) {
    this.users = users;
  }

  // Since 25 it is null again where there is no terminal (JDK-8351435).
  @SuppressWarnings("SystemConsoleNull")
  private static User terminalOrPipe(boolean raw) throws IOException {
    // Only if standard input and output are terminals, both.
    Console console = System.console();
    return console != null && console.isTerminal()
        ? new Keyboard(raw)
        : new Pipe(
            new FileInputStream(FileDescriptor.in), new FileOutputStream(FileDescriptor.out), raw);
  }

  @Override
  public Integer call() throws Failure, InterruptedException {
    HostAndPort server = destination.understand();
    List<InetSocketAddress> addresses = Destination.resolve(server);
    try (Socket socket = connect(server, addresses)) {
      return exitCode(converse(socket));
    } catch (IOException e) {
      return complain(BROKEN_OFF, e.getMessage() + "; the conversation is broken off");
    }
  }

  private Ending converse(Socket socket) throws IOException {
    try (User user = users.open(raw)) {
      return new Conversation(socket, user).hold();
    }
  }

  private static Socket connect(HostAndPort server, List<InetSocketAddress> addresses)
      throws Failure, InterruptedException {
    try {
      Socket socket = Connector.connect(addresses, PATIENCE);
      socket.setTcpNoDelay(true);
      return socket;
    } catch (ConnectException _) {
      throw new Failure(
          "nothing listens at %s; start a server with: iomodels serve nio-selector"
              .formatted(server));
    } catch (SocketTimeoutException _) {
      throw new Failure(
          "%s did not answer within %d s; is a firewall in the way?"
              .formatted(server, PATIENCE.toSeconds()));
    } catch (IOException e) {
      throw new Failure("cannot reach %s: %s".formatted(server, e.getMessage()));
    }
  }

  private int exitCode(Ending ending) {
    return switch (ending) {
      case COMPLETE -> 0;
      case CLOSED -> complain(0, "the server has closed the connection; connect again to go on");
      case CUT_OFF ->
          complain(
              BROKEN_OFF,
              "the server closed the connection before it had answered everything; see its log");
      case RESET ->
          complain(
              BROKEN_OFF, "the server reset the connection; replies may be missing; see its log");
      case INTERRUPTED -> INTERRUPTED;
    };
  }

  private int complain(int exitCode, String what) {
    Main.complain(spec.commandLine().getErr(), what);
    return exitCode;
  }
}
