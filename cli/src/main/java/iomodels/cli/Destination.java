package iomodels.cli;

import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** HOST and PORT of a server, in all the ways in which one types them. */
final class Destination {

  private static final int MAX_PORT = 65_535;

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "HOST",
      defaultValue = "127.0.0.1",
      description = "Where the server is; ${DEFAULT-VALUE} if not given.")
  private String host = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "PORT",
      description = "Its port; 8080 if not given. A port alone and HOST:PORT will do as well.")
  private Optional<Integer> given = Optional.empty();

  private int port = 8080;

  /** To be called before the two below. */
  void understand() {
    if (given.isPresent()) {
      port = given.get();
    } else if (host.matches("\\d+")) {
      port = Integer.parseInt(host);
      host = "127.0.0.1";
    } else if (host.matches("[^:]+:\\d+")) {
      port = Integer.parseInt(host.substring(host.indexOf(':') + 1));
      host = host.substring(0, host.indexOf(':'));
    }
    if (port < 1 || port > MAX_PORT) {
      throw new ParameterException(
          spec.commandLine(), "PORT must be from 1 to 65535, not %d".formatted(port));
    }
  }

  String host() {
    return host;
  }

  int port() {
    return port;
  }
}
