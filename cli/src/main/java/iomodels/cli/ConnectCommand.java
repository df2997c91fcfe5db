package iomodels.cli;

import iomodels.cli.Conversation.Ending;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
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

  private static final int CONNECT_MILLIS = 10_000;
  private static final int BROKEN_OFF = 1;
  private static final int NOT_CONNECTED = 2;
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
  public Integer call() {
    destination.understand();
    try (Socket socket = new Socket()) {
      if (!connect(socket)) {
        return NOT_CONNECTED;
      }
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

  private boolean connect(Socket socket) {
    String host = destination.host();
    int port = destination.port();
    try {
      socket.connect(new InetSocketAddress(InetAddress.getByName(host), port), CONNECT_MILLIS);
      // On loopback, a port of the ephemeral range can meet itself: TCP's simultaneous open.
      if (socket.getLocalSocketAddress().equals(socket.getRemoteSocketAddress())) {
        throw new ConnectException();
      }
      socket.setTcpNoDelay(true);
      return true;
    } catch (UnknownHostException _) {
      complain(NOT_CONNECTED, "there is no host %s; check the name".formatted(host));
    } catch (ConnectException _) {
      complain(
          NOT_CONNECTED,
          "nothing listens at %s:%d; start a server with: iomodels serve nio-selector"
              .formatted(host, port));
    } catch (SocketTimeoutException _) {
      complain(
          NOT_CONNECTED,
          "%s:%d did not answer within %d s; is a firewall in the way?"
              .formatted(host, port, CONNECT_MILLIS / 1000));
    } catch (IOException e) {
      complain(NOT_CONNECTED, "cannot reach %s:%d: %s".formatted(host, port, e.getMessage()));
    }
    return false;
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
