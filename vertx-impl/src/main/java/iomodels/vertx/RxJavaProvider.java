package iomodels.vertx;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;

/** Provides {@link RxJavaServer}. */
public final class RxJavaProvider extends VertxModel {

  /** Called by {@link java.util.ServiceLoader}. */
  public RxJavaProvider() {
    super(
        new ModelCard(
            "vertx-rxjava",
            "Input and replies are Flowables; demand controls how much the socket reads",
            IoModel.MULTIPLEXING,
            Notification.CALLBACK,
            Threading.EVENT_LOOPS,
            "the event loop, in Netty",
            "Netty, before onNext",
            "RxPY, Twisted"),
        RxJavaServer::new);
  }
}
