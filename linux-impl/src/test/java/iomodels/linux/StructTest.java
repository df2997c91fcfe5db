package iomodels.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the layouts of the kernel's structures, byte by byte. */
class StructTest {

  private final Arena arena = Arena.ofAuto();

  @Test
  void epollEventIsPacked() {
    assertThat(EpollEvent.LAYOUT.byteSize()).isEqualTo(12);
    MemorySegment array = EpollEvent.array(2, arena);
    EpollEvent.set(array, 1, 0x01020304, Libc.EPOLLET | Libc.EPOLLIN);
    assertThat(EpollEvent.fd(array, 1)).isEqualTo(0x01020304);
    assertThat(EpollEvent.events(array, 1)).isEqualTo(0x80000001);
    assertThat(array.asSlice(12).toArray(JAVA_BYTE))
        .containsExactly(1, 0, 0, 0x80, 4, 3, 2, 1, 0, 0, 0, 0);
  }

  @Test
  void pollFdHasEightBytes() {
    assertThat(PollFd.LAYOUT.byteSize()).isEqualTo(8);
    MemorySegment array = PollFd.array(2, arena);
    PollFd.set(array, 1, 0x01020304, Libc.POLLOUT);
    PollFd.move(array, 1, 0);
    assertThat(array.asSlice(0, 8).toArray(JAVA_BYTE)).containsExactly(4, 3, 2, 1, 4, 0, 0, 0);
    assertThat(PollFd.revents(array, 0)).isZero();
  }

  @Test
  void timeValHasSixteenBytes() {
    assertThat(TimeVal.LAYOUT.byteSize()).isEqualTo(16);
    assertThat(new TimeVal(arena).ofMillis(1_002).toArray(JAVA_BYTE))
        .containsExactly(1, 0, 0, 0, 0, 0, 0, 0, 0xD0, 7, 0, 0, 0, 0, 0, 0);
  }

  @Test
  void messageHeaderHasTheSizeOfTheKernel() {
    assertThat(MsgHdr.MSGHDR.byteSize()).isEqualTo(56);
    assertThat(MsgHdr.CONTROL.byteSize()).isEqualTo(40); // CMSG_SPACE(sizeof(struct in6_pktinfo))
  }

  /** A multicast or broadcast address cannot be the source of a datagram. */
  @ParameterizedTest
  @CsvSource({
    "127.0.0.2, 40",
    "223.255.255.255, 40",
    "224.0.0.1, 0",
    "255.255.255.255, 0",
  })
  void theReplyToAMulticastOverIpv4HasNoSource(String address, long controlLength) {
    MemorySegment received = arena.allocate(MsgHdr.CONTROL);
    received.set(JAVA_INT, 8, Libc.IPPROTO_IPV6);
    received.set(JAVA_SHORT, 26, (short) 0xFFFF); // ::ffff:
    byte[] bytes = InetAddress.ofLiteral(address).getAddress();
    MemorySegment.copy(bytes, 0, received, JAVA_BYTE, 28, bytes.length);
    MsgHdr header = new MsgHdr(arena.allocate(MsgHdr.SIZE, 8));
    header.copy(received, 0, 0, 0, (int) received.byteSize());
    header.makeReply();
    assertThat(header.segment().get(JAVA_LONG, 40)).isEqualTo(controlLength);
  }

  @Test
  void fdSetHasOneBitPerDescriptor() {
    FdSet set = new FdSet(arena);
    assertThat(set.segment().byteSize()).isEqualTo(FdSet.FD_SETSIZE / 8);
    set.add(0);
    set.add(65);
    set.add(1023);
    FdSet copy = new FdSet(arena);
    copy.copyFrom(set);
    set.remove(65);
    assertThat(set.word(1)).isZero();
    assertThat(copy.word(0)).isEqualTo(1);
    assertThat(copy.word(1)).isEqualTo(2);
    assertThat(copy.word(15)).isEqualTo(Long.MIN_VALUE);
  }

  @Test
  void fdSetHasNoBitAboveItsSize() {
    FdSet set = new FdSet(arena);
    assertThatThrownBy(() -> set.add(1024)).isInstanceOf(IndexOutOfBoundsException.class);
    set.remove(1024);
    set.remove(-1);
  }
}
