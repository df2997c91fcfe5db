package iomodels.conformance.targets;

import iomodels.server.spi.Capability;
import iomodels.service.Service;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Optional;
import java.util.Set;

/**
 * A running server, which the kit did not start.
 *
 * @param address where it listens
 * @param service the service that it provides
 * @param claims its claimed capabilities; empty if none are known
 */
public record AddressTarget(
    InetSocketAddress address, Service service, Optional<Set<Capability>> claims)
    implements Target {

  private static final int CONNECT_MILLIS = 5_000;

  @Override
  public String name() {
    return HostAndPort.write(address);
  }

  @Override
  public boolean serves(Service wanted) {
    return wanted.equals(service);
  }

  @Override
  public boolean launchable() {
    return false;
  }

  @Override
  public InetSocketAddress shared(Service wanted) {
    return address;
  }

  /**
   * Checks that something listens at the address.
   *
   * @throws IOException if nothing does; the message is for the user
   */
  public void probe() throws IOException {
    demandListener(address);
  }

  static void demandListener(InetSocketAddress address) throws IOException {
    if (address.isUnresolved()) {
      throw new IOException("unknown host " + address.getHostString());
    }
    try (Socket socket = new Socket()) {
      socket.connect(address, CONNECT_MILLIS);
    } catch (ConnectException e) {
      throw new IOException(
          "nothing listens at %s (%s)".formatted(HostAndPort.write(address), e.getMessage()), e);
    } catch (IOException e) {
      throw new IOException(
          "cannot reach %s (%s)".formatted(HostAndPort.write(address), e.getMessage()), e);
    }
  }

  @Override
  public Instance launch(Service wanted, int port) {
    throw new IllegalStateException("the kit cannot start the server at " + name());
  }

  @Override
  public void close() {}
}
