package iomodels.conformance.targets;

import iomodels.process.GcOverheadLimit;
import iomodels.server.Server;
import iomodels.server.Transport;
import iomodels.server.spi.HiddenServers;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * The process that runs a model for the kit: {@code Host MODEL TRANSPORT}. It starts servers by the
 * command {@code start ID SERVICE PORT ADDRESS} of {@link HostCommands}. On SIGTERM it stops all
 * servers. It ends at the end of its standard input, so that it does not outlive the kit.
 */
public final class Host {

  private Host() {}

  /** Runs until SIGTERM or the end of the input. */
  public static void main(String[] arguments) throws IOException {
    GcOverheadLimit.watch();
    ServerProvider provider = named(arguments[0]).orElseThrow();
    Optional<Transport> transport = transport(arguments[1]);
    HostCommands commands = new HostCommands(words -> start(provider, transport, words));
    Runtime.getRuntime().addShutdownHook(new Thread(commands::closeAll));
    commands.run();
    System.exit(0);
  }

  private static Server start(
      ServerProvider provider, Optional<Transport> transport, List<String> words)
      throws IOException {
    Service service = Services.named(words.get(0)).orElseThrow();
    InetSocketAddress address =
        new InetSocketAddress(InetAddress.ofLiteral(words.get(2)), Integer.parseInt(words.get(1)));
    return Loopback.start(provider, service, address, transport);
  }

  static Optional<Transport> transport(String word) {
    return word.equals(HostCommands.NO_TRANSPORT)
        ? Optional.empty()
        : Optional.of(Transport.valueOf(word.toUpperCase(Locale.ROOT)));
  }

  private static Optional<ServerProvider> named(String name) {
    return ServerProvider.named(name)
        .or(
            () ->
                ServiceLoader.load(HiddenServers.class).stream()
                    .flatMap(servers -> servers.get().named(name).stream())
                    .findFirst());
  }
}
