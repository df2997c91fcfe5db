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
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;

/**
 * The process that runs a model for the kit: {@code Host MODEL TRANSPORT SERVICE:PORT[@HOST]…}. It
 * prints the port of each service, and stops on SIGTERM. It ends at the end of its standard input,
 * so that it does not outlive the kit.
 */
public final class Host {

  /** The first word of the line for each service: {@code listening 4711 epoll}. */
  static final String LISTENING = "listening";

  /**
   * Stands for a transport: as an argument, for the model's default; in the output, for a model
   * without a choice of transports.
   */
  static final String NO_TRANSPORT = "-";

  private Host() {}

  /** Runs until SIGTERM or the end of the input. */
  public static void main(String[] arguments) throws IOException {
    GcOverheadLimit.watch();
    List<Server> servers = new ArrayList<>();
    try {
      ServerProvider provider = named(arguments[0]).orElseThrow();
      Optional<Transport> transport = transport(arguments[1]);
      for (String endpoint : List.of(arguments).subList(2, arguments.length)) {
        String[] parts = endpoint.split("[:@]", 3);
        Service service = Services.named(parts[0]).orElseThrow();
        InetAddress host =
            parts.length == 3 ? InetAddress.ofLiteral(parts[2]) : InetAddress.getLoopbackAddress();
        InetSocketAddress address = new InetSocketAddress(host, Integer.parseInt(parts[1]));
        servers.add(Loopback.start(provider, service, address, transport));
      }
    } catch (IOException | RuntimeException | LinkageError e) {
      System.err.println(e instanceof IOException ? e.getMessage() : e.toString());
      servers.forEach(Server::close);
      System.exit(2);
    }
    Thread closing = new Thread(() -> closeAll(servers));
    Runtime.getRuntime().addShutdownHook(closing);
    for (Server server : servers) {
      String transport = server.transport().map(Transport::toString).orElse(NO_TRANSPORT);
      System.out.printf("%s %d %s%n", LISTENING, server.address().getPort(), transport);
      server.terminated().exceptionally(Host::died);
    }
    System.out.flush();
    while (System.in.read() >= 0) {
      // only the end of the input matters
    }
    System.exit(0);
  }

  static Optional<Transport> transport(String word) {
    return word.equals(NO_TRANSPORT)
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

  private static void closeAll(List<Server> servers) {
    CompletableFuture.allOf(
            servers.stream()
                .map(
                    server -> CompletableFuture.runAsync(server::close, Thread::startVirtualThread))
                .toArray(CompletableFuture[]::new))
        .join();
  }

  private static Void died(Throwable cause) {
    cause.printStackTrace();
    Runtime.getRuntime().halt(1);
    throw new AssertionError(cause);
  }
}
