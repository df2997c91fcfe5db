package iomodels.nio;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;
import iomodels.server.spi.ModelProvider;

/** Offers {@link MultiReactorServer}. */
public final class MultiReactorProvider extends ModelProvider {

  public MultiReactorProvider() {
    super(
        new ModelCard(
            MultiReactorServer.NAME,
            "One thread accepts, and hands connections over to event loops, one per core, each with"
                + " its own selector",
            IoModel.MULTIPLEXING,
            Notification.LEVEL_TRIGGERED,
            Threading.EVENT_LOOPS,
            "Selector.select",
            "SocketChannel.read",
            "an asyncio loop per worker"),
        MultiReactorServer::new);
  }
}
