package iomodels.blocking;

import iomodels.server.Threading;

/** Offers {@link SequentialServer}. */
public final class SequentialProvider extends BlockingProvider {

  /** For the service loader. */
  public SequentialProvider() {
    super(
        SequentialServer.NAME,
        "One thread serves one client after the other, and waits inside read",
        Threading.ONE,
        "socketserver.TCPServer",
        SequentialServer::new);
  }
}
