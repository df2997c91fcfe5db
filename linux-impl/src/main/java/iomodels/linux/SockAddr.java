package iomodels.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;

/**
 * A socket address for system calls: {@code struct sockaddr_in} for IPv4, {@code struct
 * sockaddr_in6} for IPv6. Both begin with the address family, which distinguishes them, and the
 * port. All fields but the family are in network byte order.
 */
final class SockAddr {

  private static final ValueLayout.OfShort PORT_LAYOUT = JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

  static final StructLayout SOCKADDR_IN =
      MemoryLayout.structLayout(
              JAVA_SHORT.withName("sin_family"),
              PORT_LAYOUT.withName("sin_port"),
              MemoryLayout.sequenceLayout(4, JAVA_BYTE).withName("sin_addr"),
              MemoryLayout.paddingLayout(8))
          .withName("sockaddr_in");

  static final StructLayout SOCKADDR_IN6 =
      MemoryLayout.structLayout(
              JAVA_SHORT.withName("sin6_family"),
              PORT_LAYOUT.withName("sin6_port"),
              JAVA_INT.withName("sin6_flowinfo"),
              MemoryLayout.sequenceLayout(16, JAVA_BYTE).withName("sin6_addr"),
              JAVA_INT.withName("sin6_scope_id"))
          .withName("sockaddr_in6");

  /** The larger of the two structures. */
  static final StructLayout LARGEST = SOCKADDR_IN6;

  private static final long PORT = SOCKADDR_IN.byteOffset(PathElement.groupElement("sin_port"));
  private static final long ADDR = SOCKADDR_IN.byteOffset(PathElement.groupElement("sin_addr"));
  private static final long ADDR6 = SOCKADDR_IN6.byteOffset(PathElement.groupElement("sin6_addr"));
  private static final long SCOPE =
      SOCKADDR_IN6.byteOffset(PathElement.groupElement("sin6_scope_id"));

  private SockAddr() {}

  /** {@code AF_INET} or {@code AF_INET6}. */
  static int family(InetSocketAddress address) {
    return address.getAddress() instanceof Inet6Address ? Libc.AF_INET6 : Libc.AF_INET;
  }

  static MemorySegment of(InetSocketAddress address, Arena arena) {
    MemorySegment result;
    byte[] bytes = address.getAddress().getAddress();
    if (address.getAddress() instanceof Inet6Address six) {
      result = arena.allocate(SOCKADDR_IN6);
      MemorySegment.copy(bytes, 0, result, JAVA_BYTE, ADDR6, bytes.length);
      result.set(JAVA_INT, SCOPE, six.getScopeId());
    } else {
      result = arena.allocate(SOCKADDR_IN);
      MemorySegment.copy(bytes, 0, result, JAVA_BYTE, ADDR, bytes.length);
    }
    result.set(JAVA_SHORT, 0, (short) family(address));
    result.set(PORT_LAYOUT, PORT, (short) address.getPort());
    return result;
  }

  static InetSocketAddress toJava(MemorySegment address) throws UnknownHostException {
    boolean six = address.get(JAVA_SHORT, 0) == Libc.AF_INET6;
    byte[] bytes = new byte[six ? 16 : 4];
    MemorySegment.copy(address, JAVA_BYTE, six ? ADDR6 : ADDR, bytes, 0, bytes.length);
    int scope = six ? address.get(JAVA_INT, SCOPE) : 0;
    InetAddress host =
        scope == 0
            ? InetAddress.getByAddress(bytes)
            : Inet6Address.getByAddress(null, bytes, scope);
    return new InetSocketAddress(host, Short.toUnsignedInt(address.get(PORT_LAYOUT, PORT)));
  }
}
