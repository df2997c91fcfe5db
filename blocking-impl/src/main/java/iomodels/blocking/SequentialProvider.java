package iomodels.blocking;

import iomodels.server.ServerConfig;
import iomodels.server.Threading;
import iomodels.server.spi.Capability;
import java.util.Set;

/** Offers {@link SequentialServer}. */
public final class SequentialProvider extends BlockingProvider {

  /** For the service loader. */
  public SequentialProvider() {
    super(
        SequentialServer.NAME,
        "One thread serves one client at a time, and blocks in read",
        Threading.ONE,
        "socketserver.TCPServer",
        SequentialServer::new);
  }

  @Override
  public Set<Capability> capabilities(ServerConfig config) {
    Set<Capability> capabilities = super.capabilities(config);
    capabilities.remove(Capability.CONCURRENT);
    return capabilities;
  }
}
