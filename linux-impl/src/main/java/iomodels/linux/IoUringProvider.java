package iomodels.linux;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;

/** Offers {@link IoUringServer}. */
public final class IoUringProvider extends LinuxProvider {

  public IoUringProvider() {
    super(
        new ModelCard(
            IoUringServer.NAME,
            "One thread submits receives and sends to the kernel, and takes their completions",
            IoModel.ASYNCHRONOUS,
            Notification.COMPLETION,
            Threading.ONE,
            "io_uring_enter",
            "the kernel, before completion",
            "asyncio.ProactorEventLoop (on Windows)"),
        "io_uring_setup",
        Ring::probe,
        IoUringServer::new);
  }
}
