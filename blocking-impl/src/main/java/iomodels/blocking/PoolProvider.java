package iomodels.blocking;

import iomodels.server.Threading;
import java.util.OptionalInt;

/** Offers {@link PoolServer}. */
public final class PoolProvider extends BlockingProvider {

  /** For the service loader. */
  public PoolProvider() {
    super(
        PoolServer.NAME,
        "Fixed thread pool; when all threads are busy, new connections wait in the accept backlog",
        Threading.POOL,
        "concurrent.futures.ThreadPoolExecutor",
        PoolServer::new);
  }

  @Override
  public OptionalInt maxConnections() {
    return OptionalInt.of(PoolServer.THREADS);
  }
}
