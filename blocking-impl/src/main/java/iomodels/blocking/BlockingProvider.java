package iomodels.blocking;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;
import iomodels.server.spi.ModelProvider;

/** Base class of this module's providers. In all these models a thread blocks in {@code read}. */
abstract class BlockingProvider extends ModelProvider {

  /** Creates the provider of a model. */
  BlockingProvider(
      String name,
      String summary,
      Threading threading,
      String pythonCounterpart,
      Constructor server) {
    super(
        new ModelCard(
            name,
            summary,
            IoModel.BLOCKING,
            Notification.RETURN,
            threading,
            "SocketChannel.read",
            "SocketChannel.read",
            pythonCounterpart),
        server);
  }
}
