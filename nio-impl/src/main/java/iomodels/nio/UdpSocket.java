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
 * The UDP socket of a server. On the wildcard address the kernel chooses the source address of a
 * reply, which may differ from the address to which the client sent its request: the JDK does not
 * support {@code IP_PKTINFO}, which reports that address.
 *
 * <p>Only one thread at a time may answer; any thread may close the socket.
 */
final class UdpSocket implements Closeable {

  private static final System.Logger LOG = System.getLogger(UdpSocket.class.getName());

  /**
   * Maximum number of datagrams in one call of {@link #answer}, so that connections are not
   * delayed.
   */
  private static final int MAX_DATAGRAMS = 16;

  private final DatagramChannel channel = DatagramChannel.open();
  private final Responder responder;
  private final ByteBuffer in = ByteBuffer.allocateDirect(Responder.MAX_DATAGRAM);
  private final ByteBuffer out = ByteBuffer.allocateDirect(Responder.MAX_DATAGRAM);

  private UdpSocket(Responder responder) throws IOException {
    this.responder = responder;
  }

  /**
   * Binds a non-blocking socket; returns empty if datagrams are disabled, or the service does not
   * support them.
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
   * Answers pending datagrams, at most {@value #MAX_DATAGRAMS}. Does not block.
   *
   * @return whether any datagram was pending
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

  /** Answers datagrams until the channel is closed. Blocks the calling thread. */
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

  // tag::datagrams[]
  /** Answers one datagram. If the kernel has no room for the reply, the reply is lost. */
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

  // end::datagrams[]

  @Override
  public void close() {
    Network.closeQuietly(channel);
  }
}
