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
            "One thread tries every socket in turn, and uses a whole core even when idle",
            IoModel.NON_BLOCKING,
            Notification.POLLING,
            Threading.ONE,
            "nowhere: it polls",
            "SocketChannel.read",
            "socket.setblocking(False)"),
        PollingServer::new);
  }
}
