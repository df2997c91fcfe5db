package iomodels.nio;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;
import iomodels.server.spi.ModelProvider;

/** Offers {@link PollingServer}. */
public final class PollingProvider extends ModelProvider {

  public PollingProvider() {
    super(
        new ModelCard(
            PollingServer.NAME,
            "One thread asks every socket in turn whether there is anything, and burns its core",
            IoModel.NON_BLOCKING,
            Notification.POLLING,
            Threading.ONE,
            "nowhere: it asks again",
            "SocketChannel.read",
            "socket.setblocking(False)"),
        PollingServer::new);
  }
}
