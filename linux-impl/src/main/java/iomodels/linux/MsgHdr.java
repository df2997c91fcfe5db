package iomodels.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct msghdr}, which {@code recvmsg} fills in and {@code sendmsg} reads, together with
 * the data it points to: the peer's address, one buffer, and one control message. The control
 * message is {@code IP_PKTINFO} or {@code IPV6_PKTINFO}. For a received datagram it contains the
 * local address to which the datagram was sent; for a datagram to send, the source address to use.
 * The kernel adds it to datagrams of a socket that is bound to the wildcard address: see {@link
 * Sockets#datagrams}. So a header that {@code recvmsg} has filled in is also the header of the
 * reply.
 *
 * <p>{@code recvmsg(2)}, {@code cmsg(3)}, {@code ip(7)}, {@code ipv6(7)}.
 */
final class MsgHdr {

  static final StructLayout MSGHDR =
      MemoryLayout.structLayout(
              ADDRESS.withName("msg_name"),
              JAVA_INT.withName("msg_namelen"),
              MemoryLayout.paddingLayout(4),
              ADDRESS.withName("msg_iov"),
              JAVA_LONG.withName("msg_iovlen"),
              ADDRESS.withName("msg_control"),
              JAVA_LONG.withName("msg_controllen"),
              JAVA_INT.withName("msg_flags"),
              MemoryLayout.paddingLayout(4))
          .withName("msghdr");

  /**
   * The interface comes first in {@code struct in_pktinfo}, and last in {@code struct in6_pktinfo}.
   */
  static final StructLayout CONTROL =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("cmsg_len"),
          JAVA_INT.withName("cmsg_level"),
          JAVA_INT.withName("cmsg_type"),
          MemoryLayout.unionLayout(
                  JAVA_INT.withName("ipi_ifindex"),
                  MemoryLayout.structLayout(
                          MemoryLayout.sequenceLayout(16, JAVA_BYTE).withName("ipi6_addr"),
                          JAVA_INT.withName("ipi6_ifindex"))
                      .withName("in6_pktinfo"))
              .withName("pktinfo"),
          MemoryLayout.paddingLayout(4));

  private static final StructLayout BLOCK =
      MemoryLayout.structLayout(
          MSGHDR.withName("header"),
          JAVA_LONG.withName("iov_base"),
          JAVA_LONG.withName("iov_len"),
          CONTROL.withName("control"),
          SockAddr.LARGEST.withName("address"),
          MemoryLayout.paddingLayout(4));

  /** The size of a header and the data it points to, in bytes. */
  static final long SIZE = BLOCK.byteSize();

  private static final long NAME = offset("header", "msg_name");
  private static final long NAMELEN = offset("header", "msg_namelen");
  private static final long IOV = offset("header", "msg_iov");
  private static final long IOVLEN = offset("header", "msg_iovlen");
  private static final long CONTROL_POINTER = offset("header", "msg_control");
  private static final long CONTROLLEN = offset("header", "msg_controllen");
  private static final long IOV_BASE = offset("iov_base");
  private static final long IOV_LEN = offset("iov_len");
  private static final long CONTROL_START = offset("control");
  private static final long LEVEL = offset("control", "cmsg_level");
  private static final long INTERFACE = offset("control", "pktinfo", "ipi_ifindex");
  private static final long ADDRESS6 = offset("control", "pktinfo", "in6_pktinfo", "ipi6_addr");
  private static final long INTERFACE6 =
      offset("control", "pktinfo", "in6_pktinfo", "ipi6_ifindex");
  private static final long ADDRESS_START = offset("address");

  /** The bytes 8 to 11 of {@code ::ffff:0:0}, as a little-endian integer. */
  private static final int MAPPED = 0xFFFF_0000;

  private final MemorySegment memory;

  MsgHdr() {
    this(Arena.ofAuto().allocate(BLOCK));
  }

  /**
   * Lays out a header in memory that the caller provides.
   *
   * @param memory {@link #SIZE} bytes, aligned to 8
   */
  MsgHdr(MemorySegment memory) {
    this.memory = memory;
    memory.set(ADDRESS, NAME, memory.asSlice(ADDRESS_START));
    memory.set(ADDRESS, IOV, memory.asSlice(IOV_BASE));
    memory.set(JAVA_LONG, IOVLEN, 1);
    memory.set(ADDRESS, CONTROL_POINTER, memory.asSlice(CONTROL_START));
    makeRoom();
  }

  private static long offset(String... path) {
    PathElement[] elements = new PathElement[path.length];
    for (int i = 0; i < path.length; i++) {
      elements[i] = PathElement.groupElement(path[i]);
    }
    return BLOCK.byteOffset(elements);
  }

  /** The structure, for system calls. */
  MemorySegment segment() {
    return memory;
  }

  /**
   * Sets the sizes of the spaces for the address and the control message. To be called before each
   * receive.
   */
  MsgHdr makeRoom() {
    memory.set(JAVA_INT, NAMELEN, (int) SockAddr.LARGEST.byteSize());
    memory.set(JAVA_LONG, CONTROLLEN, CONTROL.byteSize());
    return this;
  }

  /** Sets the buffer to receive into or to send from. */
  MsgHdr buffer(long address, long length) {
    memory.set(JAVA_LONG, IOV_BASE, address);
    memory.set(JAVA_LONG, IOV_LEN, length);
    return this;
  }

  /** Copies the address and the control message of a datagram that was received elsewhere. */
  void copy(MemorySegment from, long address, int addressLength, long control, int controlLength) {
    MemorySegment.copy(from, address, memory, ADDRESS_START, addressLength);
    MemorySegment.copy(from, control, memory, CONTROL_START, controlLength);
    memory.set(JAVA_INT, NAMELEN, addressLength);
    memory.set(JAVA_LONG, CONTROLLEN, controlLength);
  }

  /**
   * Makes the header of a received datagram the header of the reply. The reply leaves by the
   * interface of its route; only a link-local address keeps its interface, without which it is
   * ambiguous. A multicast or broadcast address cannot be a source address: the kernel then chooses
   * one.
   */
  void makeReply() {
    if (memory.get(JAVA_LONG, CONTROLLEN) == 0) {
      return; // The socket is bound to one address, which is the source of all replies.
    }
    if (memory.get(JAVA_INT, LEVEL) != Libc.IPPROTO_IPV6) {
      memory.set(JAVA_INT, INTERFACE, 0);
    } else if (isMulticast() || isMulticast4()) {
      memory.set(JAVA_LONG, CONTROLLEN, 0);
    } else if (!isLinkLocal()) {
      memory.set(JAVA_INT, INTERFACE6, 0);
    }
  }

  private boolean isMulticast() {
    return memory.get(JAVA_BYTE, ADDRESS6) == (byte) 0xFF;
  }

  /**
   * Whether the address is {@code ::ffff:224.0.0.0} or above: on {@code ::}, IPv4 addresses are
   * mapped to IPv6. (For an IPv4 socket, the kernel reports a local unicast address besides the
   * destination.)
   */
  private boolean isMulticast4() {
    return memory.get(JAVA_LONG, ADDRESS6) == 0
        && memory.get(JAVA_INT, ADDRESS6 + 8) == MAPPED
        && Byte.toUnsignedInt(memory.get(JAVA_BYTE, ADDRESS6 + 12)) >= 224;
  }

  private boolean isLinkLocal() {
    return memory.get(JAVA_BYTE, ADDRESS6) == (byte) 0xFE
        && (memory.get(JAVA_BYTE, ADDRESS6 + 1) & 0xC0) == 0x80;
  }
}
