package iomodels.linux;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;

/** Offers {@link EpollServer}. */
public final class EpollProvider extends LinuxProvider {

  public EpollProvider() {
    super(
        new ModelCard(
            EpollServer.NAME,
            "The kernel keeps the set of sockets; one thread waits for those that are ready",
            IoModel.MULTIPLEXING,
            Notification.LEVEL_TRIGGERED,
            Threading.ONE,
            "epoll_wait",
            "recv",
            "select.epoll"),
        "epoll_create1",
        () -> Linux.closed(Libc.epollCreate1(Libc.EPOLL_CLOEXEC)),
        EpollServer::new);
  }
}
