package iomodels.meter;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Optional;

/**
 * The queues of a TCP socket of any process of this machine. netstat(8) shows the same numbers as
 * Send-Q and Recv-Q, and a process gets those of its own sockets by the ioctls SIOCOUTQ and SIOCINQ
 * (tcp(7)).
 *
 * <p>The kernel is asked for one socket by its addresses through sock_diag(7), as ss(8) does. The
 * files in {@code /proc/net} have the same numbers, but list all sockets: reading them takes a
 * thousand times as long.
 *
 * @param unsent bytes that the process has written, and that the other end's kernel has not
 *     acknowledged
 * @param unread bytes that have arrived, and that the process has not read
 */
public record SocketQueues(long unsent, long unread) {

  private static final boolean LINUX =
      System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("linux");

  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int AF_NETLINK = 16;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int NETLINK_SOCK_DIAG = 4;
  private static final int MSG_DONTWAIT = 0x40;
  private static final short SOCK_DIAG_BY_FAMILY = 20;
  private static final short NLM_F_REQUEST = 1;
  private static final byte IPPROTO_TCP = 6;
  private static final int ALL_STATES = -1;
  private static final long INET_DIAG_NOCOOKIE = -1;
  private static final byte TCP_TIME_WAIT = 6;
  private static final byte TCP_LISTEN = 10;

  private static final int ADDRESS_BYTES = 16;

  /** Size of {@code struct nlmsghdr} and {@code struct inet_diag_req_v2}. */
  private static final int REQUEST_BYTES = 16 + 56;

  /** Size of {@code struct nlmsghdr} and {@code struct inet_diag_msg}; an error is shorter. */
  private static final int REPLY_BYTES = 16 + 72;

  private static final int TYPE = 4;
  private static final int STATE = 17;
  private static final int RQUEUE = 72;
  private static final int WQUEUE = 76;

  /** Returns the queues of the socket with these addresses; empty if this machine has none. */
  public static Optional<SocketQueues> of(InetSocketAddress local, InetSocketAddress remote) {
    if (!LINUX) {
      return Optional.empty();
    }
    ByteBuffer reply = Libc.ask(request(local, remote));
    if (reply.limit() < REPLY_BYTES
        || reply.getShort(TYPE) != SOCK_DIAG_BY_FAMILY
        || reply.get(STATE) == TCP_LISTEN // The kernel has found no connection.
        || reply.get(STATE) == TCP_TIME_WAIT) {
      return Optional.empty();
    }
    return Optional.of(
        new SocketQueues(
            Integer.toUnsignedLong(reply.getInt(WQUEUE)),
            Integer.toUnsignedLong(reply.getInt(RQUEUE))));
  }

  private static byte[] request(InetSocketAddress local, InetSocketAddress remote) {
    byte[] from = local.getAddress().getAddress();
    byte[] to = remote.getAddress().getAddress();
    ByteBuffer request = ByteBuffer.allocate(REQUEST_BYTES).order(ByteOrder.nativeOrder());
    request.putInt(REQUEST_BYTES).putShort(SOCK_DIAG_BY_FAMILY).putShort(NLM_F_REQUEST);
    request.putLong(0); // sequence number and port: there is one request
    request.put((byte) (from.length == ADDRESS_BYTES ? AF_INET6 : AF_INET)).put(IPPROTO_TCP);
    request.putShort((short) 0).putInt(ALL_STATES); // no extensions
    request.order(ByteOrder.BIG_ENDIAN);
    request.putShort((short) local.getPort()).putShort((short) remote.getPort());
    request.put(from).put(new byte[ADDRESS_BYTES - from.length]);
    request.put(to).put(new byte[ADDRESS_BYTES - to.length]);
    request.putInt(0).putLong(INET_DIAG_NOCOOKIE); // any interface
    return request.array();
  }

  /** The system calls. */
  private static final class Libc {

    private static final MethodHandle SOCKET =
        function("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle SEND =
        function("send", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle RECV =
        function("recv", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle CLOSE = function("close", JAVA_INT, JAVA_INT);

    private Libc() {}

    @SuppressWarnings("restricted") // this module is given native access where it is run
    private static MethodHandle function(
        String name, MemoryLayout result, MemoryLayout... arguments) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(
          linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, arguments));
    }

    /** Sends a request, and returns the kernel's reply; empty if the kernel has no sock_diag. */
    static ByteBuffer ask(byte[] request) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment buffer = arena.allocate(Math.max(request.length, REPLY_BYTES), Long.BYTES);
        MemorySegment.copy(MemorySegment.ofArray(request), 0, buffer, 0, request.length);
        int fd = (int) SOCKET.invokeExact(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        if (fd < 0) {
          return ByteBuffer.allocate(0);
        }
        try {
          long n = (long) SEND.invokeExact(fd, buffer, (long) request.length, 0);
          if (n == request.length) { // The reply is in the socket's queue when send returns.
            n = (long) RECV.invokeExact(fd, buffer, buffer.byteSize(), MSG_DONTWAIT);
            byte[] reply = buffer.asSlice(0, Math.max(n, 0)).toArray(JAVA_BYTE);
            return ByteBuffer.wrap(reply).order(ByteOrder.nativeOrder());
          }
          return ByteBuffer.allocate(0);
        } finally {
          int _ = (int) CLOSE.invokeExact(fd);
        }
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new AssertionError("a native function threw an exception", e);
      }
    }
  }
}
