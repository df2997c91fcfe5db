package iomodels.linux;

import static iomodels.linux.Errno.check;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.BindException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;

/** Creates listening sockets and UDP sockets, non-blocking and with close-on-exec. */
final class Sockets {

  /** Not a descriptor. */
  static final int NONE = -1;

  /** Flags for {@link Libc#socket} and {@link Libc#accept4}. */
  static final int FLAGS = Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;

  private Sockets() {}

  /**
   * Creates a listening TCP socket.
   *
   * @return its descriptor
   * @throws java.net.BindException if the address cannot be used
   */
  static int listen(InetSocketAddress address, int backlog) throws IOException {
    int fd = demand("socket", Libc.socket(SockAddr.family(address), Libc.SOCK_STREAM | FLAGS, 0));
    try {
      // Allows a restart while connections of the last run are in TIME_WAIT.
      enable(fd, Libc.SOL_SOCKET, Libc.SO_REUSEADDR);
      // Accepted sockets inherit it: small replies are sent without delay.
      enable(fd, Libc.IPPROTO_TCP, Libc.TCP_NODELAY);
      bind(fd, address);
      demand("listen on " + address, Libc.listen(fd, backlog));
      return fd;
    } catch (IOException | RuntimeException e) {
      Libc.close(fd);
      throw e;
    }
  }

  /**
   * Creates a UDP socket. On the wildcard address, the kernel reports with each datagram the
   * address to which it was sent, in a {@link MsgHdr}; otherwise the kernel would choose the source
   * address of the reply.
   *
   * @return its descriptor
   * @throws java.net.BindException if the address cannot be used
   */
  static int datagrams(InetSocketAddress address) throws IOException {
    int fd = demand("socket", Libc.socket(SockAddr.family(address), Libc.SOCK_DGRAM | FLAGS, 0));
    try {
      if (address.getAddress().isAnyLocalAddress()) {
        boolean six = address.getAddress() instanceof Inet6Address;
        enable(
            fd,
            six ? Libc.IPPROTO_IPV6 : Libc.IPPROTO_IP,
            six ? Libc.IPV6_RECVPKTINFO : Libc.IP_PKTINFO);
      }
      bind(fd, address);
      return fd;
    } catch (IOException | RuntimeException e) {
      Libc.close(fd);
      throw e;
    }
  }

  /**
   * Accepts a connection, with {@code accept4}; its socket is also non-blocking.
   *
   * @return its descriptor; {@link #NONE} if no connection is pending
   * @throws IOException usually because the process is out of descriptors or memory
   */
  static int accept(int listener) throws IOException {
    while (true) {
      int fd = Libc.accept4(listener, FLAGS);
      if (fd == -Errno.EAGAIN) {
        return NONE;
      }
      if (fd != -Errno.EINTR && !Errno.isOfOneConnection(fd)) {
        return check("accept4", fd);
      }
    }
  }

  /**
   * Makes a socket blocking. For io_uring only: on a non-blocking socket an operation fails with
   * EAGAIN; on a blocking socket it completes later, without blocking a thread.
   *
   * @return the same descriptor
   */
  static int setBlocking(int fd) {
    Libc.fcntl(fd, Libc.F_SETFL, 0);
    return fd;
  }

  /** Returns the address to which a socket is bound. */
  static InetSocketAddress address(int fd) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(SockAddr.LARGEST);
      MemorySegment length = arena.allocateFrom(JAVA_INT, (int) address.byteSize());
      check("getsockname", Libc.getsockname(fd, address, length));
      return SockAddr.toJava(address);
    }
  }

  private static void bind(int fd, InetSocketAddress address) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      demand("bind to " + address, Libc.bind(fd, SockAddr.of(address, arena)));
    }
  }

  /**
   * Returns the result of a call that binds a socket; throws a {@code BindException} if it failed.
   */
  private static int demand(String call, int result) throws BindException {
    if (result < 0) {
      throw new BindException(Errno.message(call, result));
    }
    return result;
  }

  private static void enable(int fd, int level, int option) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment yes = arena.allocateFrom(JAVA_INT, 1);
      check("setsockopt", Libc.setsockopt(fd, level, option, yes));
    }
  }
}
