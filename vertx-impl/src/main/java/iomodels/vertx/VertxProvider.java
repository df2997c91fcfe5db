package iomodels.vertx;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;

/** Provides {@link VertxServer}. */
public final class VertxProvider extends VertxModel {

  /** Called by {@link java.util.ServiceLoader}. */
  public VertxProvider() {
    super(
        new ModelCard(
            "vertx",
            "Handlers and futures on event loops, one loop for each core",
            IoModel.MULTIPLEXING,
            Notification.CALLBACK,
            Threading.EVENT_LOOPS,
            "the event loop, in Netty",
            "Netty, before the handler",
            "Tornado, asyncio"),
        VertxServer::new);
  }
}
