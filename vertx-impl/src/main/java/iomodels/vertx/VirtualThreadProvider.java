package iomodels.vertx;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;

/** Offers {@link VirtualThreadServer}. */
public final class VirtualThreadProvider extends VertxModel {

  /** For the service loader. */
  public VirtualThreadProvider() {
    super(
        new ModelCard(
            "vertx-virtual",
            "Straight-line code: event loops do the I/O, a virtual thread for each connection"
                + " converses",
            IoModel.MULTIPLEXING,
            Notification.RETURN,
            Threading.VIRTUAL_PER_CONNECTION,
            "BlockingQueue.take",
            "Netty, on the event loop",
            "asyncio streams"),
        VirtualThreadServer::new);
  }
}
