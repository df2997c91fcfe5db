package iomodels.cli;

import iomodels.conformance.targets.ModelTarget;
import iomodels.lab.Contestant;
import iomodels.lab.Pinning;
import iomodels.lab.Yardstick;
import iomodels.server.Notification;
import iomodels.server.ServerConfig;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Services;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Starts the servers that are to be measured, each on the servers' processor; ends them all. */
final class Lineup implements AutoCloseable {

  private static final String C = "c-";
  private static final String EXAMPLE = "example-";

  private final Pinning pinning;
  private final List<String> jvmFlags;
  private final Deque<AutoCloseable> started = new ArrayDeque<>();

  Lineup(Pinning pinning, List<String> jvmFlags) {
    this.pinning = pinning;
    this.jvmFlags = jvmFlags;
  }

  /**
   * What can be measured, by its name.
   *
   * @param name of a model, {@code c-NAME} for a yardstick, or {@code example-NAME} for what a
   *     framework's documentation shows
   * @param twin the yardstick that does the same in C
   * @param model the model or example, if it is one
   */
  record Entry(String name, String twin, Optional<ServerProvider> model) {

    static Entry named(String name) throws Failure {
      if (name.startsWith(C)) {
        String yardstick = name.substring(C.length());
        if (!Yardstick.names().contains(yardstick)) {
          throw new Failure(
              "no yardstick '%s'; there are: c-%s"
                  .formatted(name, String.join(", c-", Yardstick.names())));
        }
        return new Entry(name, yardstick, Optional.empty());
      }
      if (name.startsWith(EXAMPLE)) {
        return of(Choices.example(name.substring(EXAMPLE.length())).provider());
      }
      return of(Choices.availableModel(name));
    }

    static Entry of(ServerProvider model) {
      return new Entry(model.card().name(), Yardstick.twinOf(model.card()), Optional.of(model));
    }
  }

  Contestant start(Entry entry) throws IOException, InterruptedException {
    if (entry.model().isEmpty()) {
      return yardstick(entry.twin());
    }
    ServerProvider model = entry.model().get();
    ModelTarget target =
        new ModelTarget(model, Optional.empty(), pinning.prefix(), jvmFlags)
            .serving(Services.UPPER);
    started.push(target);
    return contestant(model, target);
  }

  /** A model that is running, or will be by then. */
  static Contestant contestant(ServerProvider model, ModelTarget target)
      throws IOException, InterruptedException {
    InetSocketAddress address = target.shared(Services.UPPER);
    boolean concurrent =
        model.capabilities(ServerConfig.onLoopback()).contains(Capability.CONCURRENT);
    return new Contestant(
        target.name(),
        address,
        target.process(),
        concurrent ? model.maxConnections().orElse(Integer.MAX_VALUE) : 1,
        model.card().notification() == Notification.POLLING);
  }

  Contestant yardstick(String name) throws IOException, InterruptedException {
    Yardstick yardstick = Yardstick.start(name, pinning.prefix());
    started.push(yardstick);
    return Contestant.of(yardstick);
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
