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
 * each reply is an operation of its own. Each reply comes from the address that the datagram was
 * sent to: see {@link Datagram}.
 *
 * <p>For the thread of the loop.
 */
final class RingUdpSocket {

  private static final System.Logger LOG = System.getLogger(RingUdpSocket.class.getName());

  /** Of buffers; connections have another one. */
  private static final int GROUP = 1;

  private static final int DATAGRAM_SIZE = 68 * 1024;
  private static final int DATAGRAM_BUFFERS = 16;

  private final Ring ring;
  private final BufferPool replies;
  private final MsgHdr header = new MsgHdr();
  private final long receiveTag;
  private final long sendTag;

  /** What is needed to answer; nothing of it is allocated if the server has TCP only. */
  private record Answering(Responder responder, Ring.Buffers inputs) {}

  private Optional<Answering> answering = Optional.empty();
  private int fd = NONE;
  private boolean receiving;

  /**
   * @param receiveTag of operations after which {@link #received} is to be called
   * @param sendTag of operations after which {@link #sent} is to be called: plus a number below 2³²
   */
  RingUdpSocket(Ring ring, BufferPool replies, long receiveTag, long sendTag) {
    this.ring = ring;
    this.replies = replies;
    this.receiveTag = receiveTag;
    this.sendTag = sendTag;
  }

  /**
   * Binds the socket if datagrams are wanted and the service answers them.
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

  /** The descriptor; {@link Sockets#NONE} if there is none. */
  int fd() {
    return fd;
  }

  /** Whether the operation that receives datagrams has been submitted, and has not ended. */
  boolean isReceiving() {
    return receiving;
  }

  /** Submits the operation that receives datagrams: it ends when no buffer is left. */
  void receive() {
    ring.receiveDatagrams(fd, header, answering.orElseThrow().inputs, receiveTag);
    receiving = true;
  }

  /** Takes a completion of that operation. */
  void received() {
    receiving = ring.more();
    int count = ring.result();
    if (count < 0) {
      return; // No buffer was left, or the operation has been cancelled.
    }
    Answering it = answering.orElseThrow();
    int number = ring.buffer();
    try {
      answer(it.responder, it.inputs.bytes(number, count));
    } catch (RuntimeException e) {
      LOG.log(WARNING, "A datagram was not answered.", e);
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

  /** A reply has been sent, or could not be: datagrams may be lost. */
  void sent(int number) {
    replies.giveBack(replies.lent(number));
  }

  /** Closes the socket, once. */
  void close() {
    Libc.close(fd);
    fd = NONE;
  }
}
