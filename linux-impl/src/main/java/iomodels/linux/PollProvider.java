package iomodels.linux;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;
import java.lang.foreign.MemorySegment;

/** Offers {@link PollServer}. */
public final class PollProvider extends LinuxProvider {

  public PollProvider() {
    super(
        new ModelCard(
            PollServer.NAME,
            "One thread passes a list of all sockets to the kernel, and scans it for those that are"
                + " ready",
            IoModel.MULTIPLEXING,
            Notification.LEVEL_TRIGGERED,
            Threading.ONE,
            "poll",
            "recv",
            "select.poll"),
        "poll",
        () -> Libc.poll(MemorySegment.NULL, 0, 0),
        PollServer::new);
  }
}
