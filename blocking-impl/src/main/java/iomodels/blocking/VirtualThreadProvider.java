package iomodels.blocking;

import iomodels.server.Threading;

/** Offers {@link VirtualThreadServer}. */
public final class VirtualThreadProvider extends BlockingProvider {

  /** For the service loader. */
  public VirtualThreadProvider() {
    super(
        VirtualThreadServer.NAME,
        "A virtual thread for each connection, which waits inside read and leaves its carrier"
            + " meanwhile",
        Threading.VIRTUAL_PER_CONNECTION,
        "gevent",
        VirtualThreadServer::new);
  }
}
