package iomodels.linux;

import static iomodels.linux.Sockets.NONE;
import static java.lang.System.Logger.Level.WARNING;

import iomodels.linux.BufferPool.Buffer;
import iomodels.server.ServerConfig;
import iomodels.service.Responder;
import iomodels.service.Service;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * The UDP socket of a loop on {@code io_uring}: one multishot operation receives datagrams, and
 * each reply is a separate operation. Each reply is sent from the address to which the request was
 * sent: see {@link Datagram}.
 *
 * <p>Confined to the thread of the loop.
 */
final class RingUdpSocket {

  private static final System.Logger LOG = System.getLogger(RingUdpSocket.class.getName());

  /** The number of the buffer group; connections use another group. */
  private static final int GROUP = 1;

  private static final int DATAGRAM_SIZE = 68 * 1024;
  private static final int DATAGRAM_BUFFERS = 16;

  private final Ring ring;
  private final BufferPool replies;
  private final MsgHdr header = new MsgHdr();
  private final long receiveTag;
  private final long sendTag;

  /** The objects for answering; not allocated if the server has only TCP. */
  private record Answering(Responder responder, Ring.Buffers inputs) {}

  private Optional<Answering> answering = Optional.empty();
  private int fd = NONE;
  private boolean receiving;

  /**
   * Creates a socket that is not open.
   *
   * @param receiveTag the tag of receive operations: the loop calls {@link #received} when they
   *     complete
   * @param sendTag the tag of send operations, to which a number below 2³² is added: the loop calls
   *     {@link #sent} with that number when they complete
   */
  RingUdpSocket(Ring ring, BufferPool replies, long receiveTag, long sendTag) {
    this.ring = ring;
    this.replies = replies;
    this.receiveTag = receiveTag;
    this.sendTag = sendTag;
  }

  /**
   * Binds the socket if datagrams are enabled and the service supports them.
   *
   * @throws java.net.BindException if the address cannot be used
   */
  void bind(ServerConfig config, Service service, InetSocketAddress address) throws IOException {
    Optional<Responder> responder = config.datagrams() ? service.datagrams() : Optional.empty();
    if (responder.isPresent()) {
      Ring.Buffers inputs = new Ring.Buffers(ring, GROUP, DATAGRAM_BUFFERS, DATAGRAM_SIZE);
      fd = Sockets.setBlocking(Sockets.datagrams(address));
      answering = responder.map(it -> new Answering(it, inputs));
    }
  }

  boolean isOpen() {
    return fd != NONE;
  }

  /** The descriptor; {@link Sockets#NONE} if the socket is not open. */
  int fd() {
    return fd;
  }

  /** Whether the receive operation has been submitted and has not ended. */
  boolean isReceiving() {
    return receiving;
  }

  /** Submits the receive operation. It ends when no buffer is free. */
  void receive() {
    ring.receiveDatagrams(fd, header, answering.orElseThrow().inputs, receiveTag);
    receiving = true;
  }

  /** Handles a completion of the receive operation. */
  void received() {
    receiving = ring.more();
    int count = ring.result();
    if (count < 0) {
      return; // No buffer was free, or the operation has been cancelled.
    }
    Answering it = answering.orElseThrow();
    int number = ring.buffer();
    try {
      answer(it.responder, it.inputs.bytes(number, count));
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A responder failed.", e);
    }
    it.inputs.giveBack(number);
  }

  private void answer(Responder responder, ByteBuffer datagram) {
    Buffer reply = replies.borrow();
    try {
      Datagram.address(reply.header(), datagram);
      responder.reply(Datagram.payload(datagram), reply.bytes());
      reply.header().buffer(reply.address(), reply.bytes().position());
      ring.sendDatagram(fd, reply.header(), sendTag + reply.number());
    } catch (RuntimeException e) {
      replies.giveBack(reply);
      throw e;
    }
  }

  /**
   * Frees the buffer of a reply that has been sent, or could not be sent: datagrams may be lost.
   */
  void sent(int number) {
    replies.giveBack(replies.lent(number));
  }

  /** Closes the socket. Idempotent. */
  void close() {
    Libc.close(fd);
    fd = NONE;
  }
}
