package iomodels.cli;

import iomodels.conformance.targets.ModelTarget;
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

/** Starts the servers that are to be measured, each on the servers' processor; ends them all. */
final class Lineup implements Servers {

  private static final String C = "c-";
  private static final String EXAMPLE = "example-";

  private final Pinning pinning;
  private final Deque<AutoCloseable> started = new ArrayDeque<>();

  Lineup(Pinning pinning) {
    this.pinning = pinning;
  }

  /**
   * What can be measured, by its name.
   *
   * @param name of a model, {@code c-NAME} for a yardstick, or {@code example-NAME} for what a
   *     framework's documentation shows
   * @throws Failure if there is none, or it does not work here
   */
  static ServerSpec candidate(String name) throws Failure {
    if (isYardstick(name)) {
      String yardstick = yardstick(name);
      return new ServerSpec(
          name, name, Yardstick.connections(yardstick), yardstick.equals(Yardstick.DATAGRAMS));
    }
    ServerProvider model = model(name);
    Set<Capability> capabilities = capabilities(model);
    return new ServerSpec(
        name,
        C + Yardstick.twinOf(model.card()),
        connections(model, capabilities),
        capabilities.contains(Capability.DATAGRAMS));
  }

  /** Whether the name is one of a framework's example, as it is called here. */
  static boolean isExample(String name) {
    return name.startsWith(EXAMPLE);
  }

  static boolean isYardstick(String name) {
    return name.startsWith(C);
  }

  /** The name of a yardstick without what says that it is one. */
  static String yardstick(String name) throws Failure {
    String yardstick = name.substring(C.length());
    List<String> there = new ArrayList<>(Yardstick.names());
    there.add(Yardstick.DATAGRAMS);
    if (!there.contains(yardstick)) {
      throw new Failure(
          "no yardstick '%s'; there are: c-%s".formatted(name, String.join(", c-", there)));
    }
    return yardstick;
  }

  static ServerProvider model(String name) throws Failure {
    return isExample(name)
        ? Choices.example(name.substring(EXAMPLE.length())).provider()
        : Choices.availableModel(name);
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
      ServerProvider model = model(name);
      ModelTarget target =
          new ModelTarget(model, Optional.empty(), pinning.prefix(), jvmFlags)
              .serving(Services.UPPER);
      started.push(target);
      return serverUnderTest(model, target);
    } catch (Failure e) {
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

  /** A model that is running, or will be by then. */
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
