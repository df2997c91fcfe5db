package iomodels.vertx;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.datagram.DatagramPacket;
import io.vertx.core.datagram.DatagramSocket;
import io.vertx.core.datagram.DatagramSocketOptions;
import iomodels.server.ServerConfig;
import iomodels.service.Responder;
import iomodels.service.Service;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * UDP part of a server: one datagram socket on one event loop, which calls a handler with each
 * datagram. There are no connections, so there is no state between two datagrams. The socket is
 * closed with its Vert.x instance.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1, section 8.4. On a wildcard address
 * the kernel chooses the source address of the replies: neither Vert.x nor Netty can set it ({@code
 * IP_PKTINFO}).
 */
final class DatagramServer {

  private static final int MAX_DATAGRAM = 64 * 1024;

  private final DatagramSocket socket;
  private final Responder responder;

  /**
   * Buffer for all replies: the handler is never called concurrently. Zeroing a new buffer of 64
   * KiB for each reply would cost more than the rest of the work.
   */
  private final ByteBuffer out = ByteBuffer.allocate(MAX_DATAGRAM);

  private DatagramServer(DatagramSocket socket, Responder responder) {
    this.socket = socket;
    this.responder = responder;
  }

  /**
   * Binds to the address; does nothing if the configuration or the service excludes datagrams.
   *
   * @param address address of the TCP listener
   * @return a future that fails if the port is in use
   */
  static Future<?> start(
      Vertx vertx, ServerConfig config, Service service, InetSocketAddress address) {
    Optional<Responder> responder = config.datagrams() ? service.datagrams() : Optional.empty();
    return responder
        .<Future<?>>map(it -> bind(vertx, address, it))
        .orElseGet(Future::succeededFuture);
  }

  private static Future<?> bind(Vertx vertx, InetSocketAddress address, Responder responder) {
    // Netty allocates a buffer of this size for each datagram; Vert.x uses half of it.
    DatagramSocketOptions options =
        new DatagramSocketOptions().setReceiveBufferSize(2 * MAX_DATAGRAM);
    DatagramSocket socket = vertx.createDatagramSocket(options);
    return socket
        .handler(new DatagramServer(socket, responder)::answer)
        .listen(address.getPort(), address.getAddress().getHostAddress());
  }

  // tag::datagrams[]
  private void answer(DatagramPacket packet) {
    responder.reply(DuplexSocket.bytesOf(packet.data()), out.clear());
    out.flip();
    byte[] reply = new byte[out.remaining()];
    out.get(reply);
    socket.send(Buffer.buffer(reply), packet.sender().port(), packet.sender().hostAddress());
  }

  // end::datagrams[]
}
