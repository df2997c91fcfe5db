package iomodels.cli.targets;

import iomodels.cli.lookup.ArgumentResolver;
import iomodels.cli.lookup.ServerNames;
import iomodels.cli.output.UserError;
import iomodels.conformance.targets.ModelTarget;
import iomodels.examples.Examples;
import iomodels.lab.bench.Pinning;
import iomodels.lab.bench.ServerSpec;
import iomodels.lab.bench.ServerUnderTest;
import iomodels.lab.bench.Servers;
import iomodels.lab.bench.Yardstick;
import iomodels.server.Notification;
import iomodels.server.ServerConfig;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Services;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Starts models, examples and servers in C for a measurement, each on the servers' processor. */
public final class BenchServers implements Servers {

  private static final String C = "c-";

  private final Pinning pinning;
  private final Deque<AutoCloseable> started = new ArrayDeque<>();

  /** Creates an instance that has not started a server. */
  public BenchServers(Pinning pinning) {
    this.pinning = pinning;
  }

  /**
   * The server of that name.
   *
   * @param name {@code c-NAME} for a server in C, or a name that {@link ServerNames#server} knows
   * @throws UserError if there is none, or it does not work on this machine
   */
  public static ServerSpec spec(String name) throws UserError {
    if (isYardstick(name)) {
      String yardstick = yardstick(name);
      return new ServerSpec(
          name, name, Yardstick.connections(yardstick), yardstick.equals(Yardstick.DATAGRAMS));
    }
    ServerProvider model = ServerNames.server(name);
    Set<Capability> capabilities = capabilities(model);
    return new ServerSpec(
        name,
        C + Yardstick.twinOf(model.card()),
        connections(model, capabilities),
        capabilities.contains(Capability.DATAGRAMS));
  }

  /** Whether the name has the prefix of framework examples. */
  public static boolean isExample(String name) {
    return name.startsWith(Examples.PREFIX);
  }

  /** Whether the name has the prefix of servers in C. */
  public static boolean isYardstick(String name) {
    return name.startsWith(C);
  }

  /** The name of a server in C without its prefix. */
  public static String yardstick(String name) throws UserError {
    String yardstick = name.substring(C.length());
    List<String> there = new ArrayList<>(Yardstick.names());
    there.add(Yardstick.DATAGRAMS);
    if (!there.contains(yardstick)) {
      throw new UserError(
          "no server in C '%s'; there are: c-%s".formatted(name, String.join(", c-", there)));
    }
    return yardstick;
  }

  /** Every name that a server can have in a table: a model's may include its transport. */
  public static Stream<String> displayNames(ServerSpec server) {
    try {
      return isYardstick(server.name())
          ? Stream.of(server.name())
          : ArgumentResolver.names(ServerNames.server(server.name()));
    } catch (UserError _) {
      return Stream.of(server.name());
    }
  }

  @Override
  public ServerUnderTest start(String name, List<String> jvmFlags)
      throws IOException, InterruptedException {
    try {
      if (isYardstick(name)) {
        Yardstick yardstick = Yardstick.start(yardstick(name), pinning.prefix());
        started.push(yardstick);
        return ServerUnderTest.of(yardstick);
      }
      ServerProvider model = ServerNames.server(name);
      ModelTarget target =
          new ModelTarget(model, Optional.empty(), pinning.prefix(), jvmFlags)
              .serving(Services.UPPER);
      started.push(target);
      return serverUnderTest(model, target);
    } catch (UserError e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static Set<Capability> capabilities(ServerProvider model) {
    return model.capabilities(ServerConfig.onLoopback().withDatagrams(true));
  }

  private static int connections(ServerProvider model, Set<Capability> capabilities) {
    return capabilities.contains(Capability.CONCURRENT)
        ? model.maxConnections().orElse(Integer.MAX_VALUE)
        : 1;
  }

  /** A model; starts it if it does not run yet. */
  static ServerUnderTest serverUnderTest(ServerProvider model, ModelTarget target)
      throws IOException, InterruptedException {
    InetSocketAddress address = target.shared(Services.UPPER);
    Set<Capability> capabilities = capabilities(model);
    return new ServerUnderTest(
        target.name(),
        address,
        target.process(),
        capabilities.contains(Capability.CONCURRENT)
            ? model.maxConnections().orElse(Integer.MAX_VALUE)
            : 1,
        model.card().notification() == Notification.POLLING,
        capabilities.contains(Capability.DATAGRAMS),
        true,
        Optional.empty());
  }

  @Override
  public void close() {
    while (!started.isEmpty()) {
      switch (started.pop()) {
        case ModelTarget target -> target.close();
        case Yardstick yardstick -> yardstick.close();
        default -> throw new AssertionError();
      }
    }
  }
}
