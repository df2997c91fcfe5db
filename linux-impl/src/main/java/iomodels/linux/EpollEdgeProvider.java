package iomodels.linux;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;

/** Offers {@link EpollEdgeServer}. */
public final class EpollEdgeProvider extends LinuxProvider {

  public EpollEdgeProvider() {
    super(
        new ModelCard(
            EpollEdgeServer.NAME,
            "The kernel reports once that a socket becomes ready, and one thread records it",
            IoModel.MULTIPLEXING,
            Notification.EDGE_TRIGGERED,
            Threading.ONE,
            "epoll_wait",
            "recv",
            "select.epoll with EPOLLET"),
        "epoll_create1",
        () -> Linux.closed(Libc.epollCreate1(Libc.EPOLL_CLOEXEC)),
        EpollEdgeServer::new);
  }
}
