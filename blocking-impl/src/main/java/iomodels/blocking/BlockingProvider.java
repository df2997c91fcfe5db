package iomodels.blocking;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;
import iomodels.server.spi.ModelProvider;

/** What the providers of this module have in common: their threads block in {@code read}. */
abstract class BlockingProvider extends ModelProvider {

  /** The provider of a model. */
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
