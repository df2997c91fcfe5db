package iomodels.nio;

import static java.lang.System.Logger.Level.WARNING;

import iomodels.server.ServerConfig;
import iomodels.service.Responder;
import iomodels.service.Service;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.Optional;

/**
 * The UDP socket of a server. On a wildcard address the kernel chooses which address a reply comes
 * from, and it may be another one than the client sent to: the JDK has no {@code IP_PKTINFO} to
 * tell which one that was.
 *
 * <p>One thread at a time answers; any thread may close it.
 */
final class UdpSocket implements Closeable {

  private static final System.Logger LOG = System.getLogger(UdpSocket.class.getName());

  /** For one call of {@link #answer}: connections have to have their turn as well. */
  private static final int MAX_DATAGRAMS = 16;

  private final DatagramChannel channel = DatagramChannel.open();
  private final Responder responder;
  private final ByteBuffer in = ByteBuffer.allocateDirect(Responder.MAX_DATAGRAM);
  private final ByteBuffer out = ByteBuffer.allocateDirect(Responder.MAX_DATAGRAM);

  private UdpSocket(Responder responder) throws IOException {
    this.responder = responder;
  }

  /**
   * Binds a non-blocking socket if datagrams are wanted and the service answers them.
   *
   * @throws IOException if the address cannot be used
   */
  static Optional<UdpSocket> bind(ServerConfig config, Service service, InetSocketAddress address)
      throws IOException {
    Optional<Responder> responder = config.datagrams() ? service.datagrams() : Optional.empty();
    if (responder.isEmpty()) {
      return Optional.empty();
    }
    UdpSocket socket = new UdpSocket(responder.get());
    try {
      socket.channel.bind(address).configureBlocking(false);
      return Optional.of(socket);
    } catch (Throwable e) {
      socket.close();
      throw e;
    }
  }

  /** The channel to wait for. */
  DatagramChannel channel() {
    return channel;
  }

  /**
   * Answers the datagrams that are pending, at most 16.
   *
   * @return whether there was any
   */
  boolean answer() {
    int count = 0;
    try {
      while (count < MAX_DATAGRAMS && answerNext()) {
        count++;
      }
    } catch (IOException _) {
      // A reply could not be sent: datagrams may be lost.
    }
    return count > 0;
  }

  /** Answers datagrams until the channel is closed; blocks the thread. */
  void answerUntilClosed() {
    while (channel.isOpen()) {
      try {
        channel.configureBlocking(true);
        answerNext();
      } catch (IOException _) {
        // A reply could not be sent: datagrams may be lost. Or the channel is closed.
      }
    }
  }

  /** If the kernel has no room for a reply, it is lost. */
  private boolean answerNext() throws IOException {
    SocketAddress sender = channel.receive(in.clear());
    if (sender == null) {
      return false;
    }
    try {
      responder.reply(in.flip(), out.clear());
      channel.send(out.flip(), sender);
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A responder failed.", e);
    }
    return true;
  }

  @Override
  public void close() {
    Network.closeQuietly(channel);
  }
}
