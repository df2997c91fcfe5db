package iomodels.linux;

import static iomodels.linux.Sockets.NONE;
import static java.lang.System.Logger.Level.WARNING;

import iomodels.server.ServerConfig;
import iomodels.service.Responder;
import iomodels.service.Service;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * The UDP socket of a loop, which waits for it together with its connections. Each reply is sent
 * from the address to which the request was sent: see {@link MsgHdr}.
 *
 * <p>Confined to the thread of the loop.
 */
final class UdpSocket {

  private static final System.Logger LOG = System.getLogger(UdpSocket.class.getName());

  /**
   * Maximum number of datagrams in one call of {@link #answer}, so that connections are not
   * delayed.
   */
  private static final int MAX_DATAGRAMS = 16;

  /** The objects for answering; not allocated if the server has only TCP. */
  private record Answering(Responder responder, NativeBuffer in, NativeBuffer out, MsgHdr header) {}

  private int fd = NONE;
  private Optional<Answering> answering = Optional.empty();

  /**
   * Binds the socket if datagrams are enabled and the service supports them.
   *
   * @throws java.net.BindException if the address cannot be used
   */
  void bind(ServerConfig config, Service service, InetSocketAddress address) throws IOException {
    Optional<Responder> responder = config.datagrams() ? service.datagrams() : Optional.empty();
    if (responder.isPresent()) {
      fd = Sockets.datagrams(address);
      answering =
          responder.map(
              it -> new Answering(it, new NativeBuffer(), new NativeBuffer(), new MsgHdr()));
    }
  }

  boolean isOpen() {
    return fd != NONE;
  }

  /** The descriptor; {@link Sockets#NONE} if the socket is not open. */
  int fd() {
    return fd;
  }

  // tag::datagrams[]
  /**
   * Answers pending datagrams, at most {@value #MAX_DATAGRAMS}. If the kernel has no room for a
   * reply, the reply is lost.
   *
   * @return whether more may be pending
   */
  boolean answer() {
    Answering it = answering.orElseThrow();
    for (int i = 0; i < MAX_DATAGRAMS; i++) {
      if (!it.in.recvmsg(fd, it.header)) {
        return false;
      }
      try {
        it.responder.reply(it.in.bytes(), it.out.bytes().clear());
        it.out.bytes().flip();
        it.out.sendmsg(fd, it.header);
      } catch (RuntimeException e) {
        LOG.log(WARNING, "A responder failed.", e);
      }
    }
    return true;
  }

  // end::datagrams[]

  /** Closes the socket. Idempotent. */
  void close() {
    Libc.close(fd);
    fd = NONE;
  }
}
