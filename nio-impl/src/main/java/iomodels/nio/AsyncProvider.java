package iomodels.nio;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;
import iomodels.server.spi.ModelProvider;

/** Offers {@link AsyncServer}. */
public final class AsyncProvider extends ModelProvider {

  public AsyncProvider() {
    super(
        new ModelCard(
            AsyncServer.NAME,
            "A connection requests a read; its handler is called when the bytes are in the buffer",
            IoModel.ASYNCHRONOUS,
            Notification.COMPLETION,
            Threading.POOL,
            "the channel group, in epoll",
            "the channel group",
            "asyncio.ProactorEventLoop"),
        AsyncServer::new);
  }
}
