package iomodels.cli;

import iomodels.conformance.targets.HostAndPort;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** HOST and PORT of a server, in all the ways in which one types them. */
final class Destination {

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
      description = "Host of the server; ${DEFAULT-VALUE} if not given.")
  private String host = USUAL_HOST;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "PORT",
      description =
          "Its port; 8080 if not given. A port alone, HOST:PORT and [IPv6]:PORT will do as well.")
  private Optional<String> port = Optional.empty();

  /** What they mean. */
  HostAndPort understand() {
    try {
      if (port.isPresent()) {
        return new HostAndPort(HostAndPort.host(host), HostAndPort.port(port.get()));
      }
      if (host.matches("[0-9]+")) {
        return new HostAndPort(USUAL_HOST, HostAndPort.port(host));
      }
      // Two colons without brackets are an IPv6 address alone.
      boolean withPort = host.startsWith("[") ? !host.endsWith("]") : host.matches("[^:]*:[^:]*");
      return withPort
          ? HostAndPort.parse(host)
          : new HostAndPort(HostAndPort.host(host), USUAL_PORT);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage());
    }
  }

  /**
   * All addresses that the host has.
   *
   * @throws Failure if there is no such host
   */
  static List<InetSocketAddress> resolve(HostAndPort server) throws Failure {
    try {
      return server.resolve();
    } catch (UnknownHostException _) {
      throw new Failure("there is no host %s; check the name".formatted(server.host()));
    }
  }
}
