package iomodels.nio;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;
import iomodels.server.spi.ModelProvider;

/** Offers {@link SelectorServer}. */
public final class SelectorProvider extends ModelProvider {

  public SelectorProvider() {
    super(
        new ModelCard(
            SelectorServer.NAME,
            "One thread waits for all sockets at once, and reads from those that are ready",
            IoModel.MULTIPLEXING,
            Notification.LEVEL_TRIGGERED,
            Threading.ONE,
            "Selector.select",
            "SocketChannel.read",
            "selectors.DefaultSelector"),
        SelectorServer::new);
  }
}
