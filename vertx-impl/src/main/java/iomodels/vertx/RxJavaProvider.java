package iomodels.vertx;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;

/** Offers {@link RxJavaServer}. */
public final class RxJavaProvider extends VertxModel {

  /** For the service loader. */
  public RxJavaProvider() {
    super(
        new ModelCard(
            "vertx-rxjava",
            "A Flowable of bytes in, a Flowable of replies out, and demand down to the socket",
            IoModel.MULTIPLEXING,
            Notification.CALLBACK,
            Threading.EVENT_LOOPS,
            "the event loop, in Netty",
            "Netty, before onNext",
            "RxPY, Twisted"),
        RxJavaServer::new);
  }
}
