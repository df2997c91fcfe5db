package iomodels.wrong.tutorial;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Threading;
import iomodels.server.spi.Capability;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.wrong.tutorial.TutorialServer.Page;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The three servers with which Python tutorials introduce the I/O models, in Java. Each can be read
 * in a minute; the kit reports its faults.
 */
public final class Tutorials {

  private static final Tutorial BLOCKING =
      new Tutorial(
          "tutorial-blocking",
          Services.UPPER,
          List.of(
              "2.09", "2.10", "3.01", "3.03", "3.04", "3.05", "3.06", "3.07", "3.09", "3.10",
              "4.04", "4.05", "4.09", "9.02", "9.03", "9.06"),
          List.of(),
          provider(
              new ModelCard(
                  "tutorial-blocking",
                  "The first server of every tutorial, one client at a time",
                  IoModel.BLOCKING,
                  Notification.RETURN,
                  Threading.ONE,
                  "SocketChannel.read()",
                  "SocketChannel.read()",
                  "socket.recv"),
              Set.of(),
              BlockingTutorial::serve));

  private static final Tutorial POLLING =
      new Tutorial(
          "tutorial-polling",
          Services.UPPER,
          List.of(
              "2.09", "2.10", "3.01", "3.03", "3.04", "3.05", "3.06", "3.07", "3.09", "3.10",
              "4.04", "4.05", "4.09", "5.04", "6.04", "9.02", "9.03", "9.06", "9.07"),
          List.of("2.05", "2.06", "2.08", "5.01", "5.02", "6.07"),
          provider(
              new ModelCard(
                  "tutorial-polling",
                  "The tutorials' non-blocking server, which asks every socket in turn",
                  IoModel.NON_BLOCKING,
                  Notification.POLLING,
                  Threading.ONE,
                  "nowhere: it polls",
                  "SocketChannel.read()",
                  "socket.setblocking(False)"),
              Set.of(Capability.CONCURRENT),
              PollingTutorial::serve));

  private static final Tutorial SELECT =
      new Tutorial(
          "tutorial-select",
          Services.FIXED,
          List.of(
              "1.01", "1.02", "1.03", "1.04", "1.05", "2.01", "2.02", "2.03", "2.04", "2.05",
              "2.06", "2.07", "2.08", "2.10", "3.01", "3.02", "3.03", "3.04", "3.06", "3.07",
              "3.09", "3.10", "4.02", "4.03", "4.04", "4.05", "4.09", "5.01", "5.02", "5.04",
              "6.01", "6.02", "6.03", "6.04", "6.06", "6.07", "9.01", "9.02", "9.03", "9.04",
              "9.06", "9.07"),
          List.of(),
          provider(
              new ModelCard(
                  "tutorial-select",
                  "The tutorials' select server, which answers a constant",
                  IoModel.MULTIPLEXING,
                  Notification.LEVEL_TRIGGERED,
                  Threading.ONE,
                  "Selector.select()",
                  "SocketChannel.read()",
                  "select.select"),
              Set.of(Capability.CONCURRENT),
              SelectTutorial::serve));

  private static final List<Tutorial> ALL = List.of(BLOCKING, POLLING, SELECT);

  private Tutorials() {}

  /** Returns all three, in the order of the tutorials. */
  public static List<Tutorial> all() {
    return ALL;
  }

  /** Returns the tutorial of this name, if it exists. */
  public static Optional<Tutorial> named(String name) {
    return ALL.stream().filter(tutorial -> tutorial.name().equals(name)).findFirst();
  }

  private static ServerProvider provider(ModelCard card, Set<Capability> claims, Page page) {
    return new ServerProvider() {
      @Override
      public ModelCard card() {
        return card;
      }

      @Override
      public Set<Capability> capabilities(ServerConfig config) {
        return claims;
      }

      @Override
      public Server start(ServerConfig config, Service service) throws IOException {
        return TutorialServer.start(page, config.address());
      }
    };
  }
}
