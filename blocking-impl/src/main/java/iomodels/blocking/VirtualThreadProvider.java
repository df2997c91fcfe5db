package iomodels.blocking;

import iomodels.server.Threading;

/** Offers {@link VirtualThreadServer}. */
public final class VirtualThreadProvider extends BlockingProvider {

  /** For the service loader. */
  public VirtualThreadProvider() {
    super(
        VirtualThreadServer.NAME,
        "One virtual thread for each connection; while it blocks in read, its carrier runs others",
        Threading.VIRTUAL_PER_CONNECTION,
        "gevent",
        VirtualThreadServer::new);
  }
}
