package iomodels.linux;

import iomodels.server.IoModel;
import iomodels.server.ModelCard;
import iomodels.server.Notification;
import iomodels.server.Threading;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;

/** Offers {@link SelectServer}. */
public final class SelectProvider extends LinuxProvider {

  private static final int MAX_CONNECTIONS = 900;

  public SelectProvider() {
    super(
        new ModelCard(
            SelectServer.NAME,
            "One thread passes bit sets to the kernel, one bit for each socket, at most 1,024 bits",
            IoModel.MULTIPLEXING,
            Notification.LEVEL_TRIGGERED,
            Threading.ONE,
            "select",
            "recv",
            "select.select"),
        "select",
        SelectProvider::probe,
        SelectServer::new);
  }

  /** Leaves more than a hundred descriptors for other files of the process. */
  @Override
  public OptionalInt maxConnections() {
    return OptionalInt.of(MAX_CONNECTIONS);
  }

  private static int probe() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment none = MemorySegment.NULL;
      return Libc.select(0, none, none, none, new TimeVal(arena).ofMillis(0));
    }
  }
}
