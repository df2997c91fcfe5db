package iomodels.cli.options;

import iomodels.conformance.targets.HostAndPort;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The parameters HOST and PORT of a client, in every common notation. */
public final class ServerAddress {

  private static final String USUAL_HOST = "127.0.0.1";
  private static final int USUAL_PORT = 8080;

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "HOST",
      defaultValue = USUAL_HOST,
      description = "Host of the server (default: ${DEFAULT-VALUE}).")
  private String host = USUAL_HOST;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "PORT",
      description =
          "Port of the server (default: 8080). PORT alone, HOST:PORT and [IPv6]:PORT work as well.")
  private Optional<String> port = Optional.empty();

  /** Parses the parameters. */
  public HostAndPort parse() {
    try {
      if (port.isPresent()) {
        return new HostAndPort(HostAndPort.host(host), HostAndPort.port(port.get()));
      }
      // Two colons without brackets are an IPv6 address alone.
      boolean withPort =
          host.startsWith("[") ? !host.endsWith("]") : host.matches("[^:]*:[^:]*|[0-9]+");
      return withPort
          ? HostAndPort.parse(host)
          : new HostAndPort(HostAndPort.host(host), USUAL_PORT);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage());
    }
  }
}
