package iomodels.vertx;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;

/** Provides {@link VirtualThreadServer}. */
public final class VirtualThreadProvider extends VertxModel {

  /** Called by {@link java.util.ServiceLoader}. */
  public VirtualThreadProvider() {
    super(
        new ModelCard(
            "vertx-virtual",
            "Event loops do the I/O; one virtual thread per connection runs straight-line code",
            IoModel.MULTIPLEXING,
            Notification.RETURN,
            Threading.VIRTUAL_PER_CONNECTION,
            "BlockingQueue.take",
            "Netty, on the event loop",
            "asyncio streams"),
        VirtualThreadServer::new);
  }
}
