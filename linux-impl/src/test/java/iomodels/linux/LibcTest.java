package iomodels.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iomodels.server.spi.Availability;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class LibcTest {

  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private static final int TIMEOUT_MILLIS = 30_000;

  @BeforeAll
  static void assumeAvailable() {
    Availability availability = Linux.availability("eventfd", () -> 0);
    assumeTrue(availability.here(), availability.reason());
  }

  @Test
  void aFailedCallReturnsTheNegatedErrorNumber() {
    assertThat(Libc.close(-1)).isEqualTo(-Errno.EBADF);
    assertThat(Libc.socket(-1, 0, 0)).isNegative().isNotEqualTo(-1);
  }

  @Test
  void anErrorNumberHasTextAndName() {
    assertThat(Errno.describe(Errno.EADDRINUSE)).isEqualTo("Address already in use (EADDRINUSE)");
    assertThat(Errno.describe(61)).isEqualTo("No data available (errno 61)");
  }

  @Test
  void theReasonNamesTheUnavailableCall() {
    assertThat(Linux.availability("io_uring_setup", () -> -Errno.ENOSYS))
        .isEqualTo(Availability.no("io_uring_setup: Function not implemented (ENOSYS)"));
  }

  @Test
  void addressStructuresHaveTheSizesOfTheKernel() {
    assertThat(SockAddr.SOCKADDR_IN.byteSize()).isEqualTo(16);
    assertThat(SockAddr.SOCKADDR_IN6.byteSize()).isEqualTo(28);
  }

  @Test
  void anAddressSurvivesARoundTrip() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      for (String host : new String[] {"127.0.0.1", "203.0.113.254", "::1", "2001:db8::ff"}) {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getByName(host), 54321);
        assertThat(SockAddr.toJava(SockAddr.of(address, arena))).isEqualTo(address);
      }
    }
  }

  @Test
  void anAddressIsInNetworkByteOrder() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      InetSocketAddress address = new InetSocketAddress(InetAddress.ofLiteral("1.2.3.4"), 0x1234);
      byte[] bytes = SockAddr.of(address, arena).toArray(JAVA_BYTE);
      assertThat(bytes).startsWith(2, 0, 0x12, 0x34, 1, 2, 3, 4);
    }
  }

  @Test
  void bytesAreReceivedAndSentOverLoopback() throws Exception {
    int listener = Sockets.listen(ANY_PORT, 16);
    try (Arena arena = Arena.ofConfined();
        Socket client = connect(Sockets.address(listener))) {
      await(listener, Libc.POLLIN, arena);
      int peer = Errno.check("accept4", Libc.accept4(listener, Sockets.FLAGS));
      MemorySegment buffer = arena.allocate(64);
      assertThat(Libc.recv(peer, buffer, 64, 0)).isEqualTo(-Errno.EAGAIN);

      client.getOutputStream().write("hello".getBytes(US_ASCII));
      await(peer, Libc.POLLIN, arena);
      assertThat(Libc.recv(peer, buffer, 64, 0)).isEqualTo(5);
      assertThat(Libc.send(peer, buffer, 5, Libc.MSG_NOSIGNAL)).isEqualTo(5);
      assertThat(client.getInputStream().readNBytes(5)).isEqualTo("hello".getBytes(US_ASCII));

      assertThat(Libc.shutdown(peer, Libc.SHUT_WR)).isZero();
      assertThat(client.getInputStream().read()).isEqualTo(-1);
      client.shutdownOutput();
      await(peer, Libc.POLLIN, arena);
      assertThat(Libc.recv(peer, buffer, 64, 0)).isZero();
      assertThat(Libc.close(peer)).isZero();
    } finally {
      Libc.close(listener);
    }
  }

  @Test
  void aDatagramIsReturnedToItsSender() throws Exception {
    int fd = Sockets.datagrams(ANY_PORT);
    try (Arena arena = Arena.ofConfined();
        DatagramSocket client = new DatagramSocket(ANY_PORT)) {
      client.setSoTimeout(TIMEOUT_MILLIS);
      byte[] payload = "hello".getBytes(US_ASCII);
      client.send(new DatagramPacket(payload, payload.length, Sockets.address(fd)));
      await(fd, Libc.POLLIN, arena);
      NativeBuffer buffer = new NativeBuffer();
      MsgHdr header = new MsgHdr();
      assertThat(buffer.recvmsg(fd, header)).isTrue();
      assertThat(buffer.bytes().remaining()).isEqualTo(5);
      buffer.sendmsg(fd, header);
      DatagramPacket reply = new DatagramPacket(new byte[64], 64);
      client.receive(reply);
      assertThat(reply.getLength()).isEqualTo(5);
    } finally {
      Libc.close(fd);
    }
  }

  /** The error is EADDRNOTAVAIL, or EAFNOSUPPORT without IPv6; for most users port 1 is EACCES. */
  @ParameterizedTest
  @ValueSource(strings = {"203.0.113.1", "2001:db8::1"})
  void anAddressOfAnotherMachineCausesABindException(String host) throws Exception {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getByName(host), 1);
    assertThatThrownBy(() -> Sockets.listen(address, 16)).isInstanceOf(BindException.class);
    assertThatThrownBy(() -> Sockets.datagrams(address)).isInstanceOf(BindException.class);
  }

  @Test
  void onlyAShortageOfDescriptorsPausesAccepting() {
    assertThat(Errno.isOfOneConnection(-Errno.EHOSTUNREACH)).isTrue();
    assertThat(Errno.isOfOneConnection(-Errno.ECONNABORTED)).isTrue();
    assertThat(Errno.isOfOneConnection(-Errno.EMFILE)).isFalse();
    assertThat(Errno.isOfOneConnection(-Errno.EPERM)).isFalse();
    assertThat(Errno.isOfOneConnection(5)).isFalse();
  }

  @Test
  void aPortInUseCausesABindException() throws Exception {
    int fd = Sockets.listen(ANY_PORT, 16);
    try {
      InetSocketAddress busy = Sockets.address(fd);
      assertThatThrownBy(() -> Sockets.listen(busy, 16))
          .isInstanceOf(BindException.class)
          .hasMessageContaining("EADDRINUSE");
    } finally {
      Libc.close(fd);
    }
  }

  @Test
  void socketsAreNonBlocking() throws Exception {
    int fd = Sockets.listen(ANY_PORT, 16);
    try {
      assertThat(Libc.fcntl(fd, Libc.F_GETFL, 0) & Libc.O_NONBLOCK).isNotZero();
      assertThat(Libc.accept4(fd, Sockets.FLAGS)).isEqualTo(-Errno.EAGAIN);
    } finally {
      Libc.close(fd);
    }
  }

  @Test
  void aBufferCannotBeOverrun() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment small = arena.allocate(8);
      assertThatThrownBy(() -> Libc.recv(-1, small, 9, 0))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void aSignalWakesTheLoopAndHasNoEffectAfterClose() throws Exception {
    EventFd wakeUp = new EventFd();
    try (Arena arena = Arena.ofConfined()) {
      CompletableFuture<Void> signal =
          CompletableFuture.runAsync(wakeUp::signal, Thread::startVirtualThread);
      await(wakeUp.fd(), Libc.POLLIN, arena);
      signal.join();
    } finally {
      wakeUp.close();
    }
    wakeUp.signal();
    wakeUp.close();
  }

  private static void await(int fd, short events, Arena arena) {
    MemorySegment pollfd = arena.allocate(8, 4);
    pollfd.set(JAVA_INT, 0, fd);
    pollfd.set(JAVA_SHORT, 4, events);
    assertThat(Libc.poll(pollfd, 1, TIMEOUT_MILLIS)).isEqualTo(1);
  }

  private static Socket connect(InetSocketAddress address) throws IOException {
    Socket client = new Socket(address.getAddress(), address.getPort());
    client.setSoTimeout(TIMEOUT_MILLIS);
    return client;
  }
}
