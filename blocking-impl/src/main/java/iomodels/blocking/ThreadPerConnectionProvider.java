package iomodels.blocking;

import iomodels.server.Threading;

/** Offers {@link ThreadPerConnectionServer}. */
public final class ThreadPerConnectionProvider extends BlockingProvider {

  /** For the service loader. */
  public ThreadPerConnectionProvider() {
    super(
        ThreadPerConnectionServer.NAME,
        "One platform thread for each connection, which blocks in read",
        Threading.PER_CONNECTION,
        "socketserver.ThreadingTCPServer",
        ThreadPerConnectionServer::new);
  }
}
