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
            "A thread accepts, and hands clients over to a loop for each core, each with its"
                + " selector",
            IoModel.MULTIPLEXING,
            Notification.LEVEL_TRIGGERED,
            Threading.EVENT_LOOPS,
            "Selector.select",
            "SocketChannel.read",
            "an asyncio loop per worker"),
        MultiReactorServer::new);
  }
}
