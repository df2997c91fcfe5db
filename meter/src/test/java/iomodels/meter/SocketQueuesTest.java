package iomodels.meter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@Timeout(60)
@EnabledOnOs(OS.LINUX)
class SocketQueuesTest {

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int SIZE = 1_000;

  @Test
  void knowsWhatIsSentAndNotReadWithIpv4() throws IOException {
    queues(StandardProtocolFamily.INET, "127.0.0.1");
  }

  @Test
  void knowsTheSameOfSocketsForBothFamilies() throws IOException {
    queues(StandardProtocolFamily.INET6, "127.0.0.1");
  }

  @Test
  void knowsTheSameWithIpv6() throws IOException {
    queues(StandardProtocolFamily.INET6, "::1");
  }

  @Test
  void knowsNoSocketThatIsClosedOrListens() throws IOException {
    try (ServerSocketChannel listener = ServerSocketChannel.open()) {
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      InetSocketAddress address = (InetSocketAddress) listener.getLocalAddress();
      InetSocketAddress nobody = new InetSocketAddress(address.getAddress(), 1);
      assertThat(SocketQueues.of(address, nobody)).isEmpty();
      assertThat(SocketQueues.of(nobody, address)).isEmpty();
      InetSocketAddress left;
      try (SocketChannel client = SocketChannel.open(address);
          SocketChannel server = listener.accept()) {
        left = (InetSocketAddress) client.getLocalAddress();
        client.shutdownOutput();
        assertThat(server.read(ByteBuffer.allocate(1))).isNegative();
      }
      // The client's end is in TIME_WAIT.
      await(left, address, Optional.empty());
      await(address, left, Optional.empty());
    }
  }

  private static void queues(StandardProtocolFamily family, String host) throws IOException {
    assumeThat(NetworkInterface.getByInetAddress(InetAddress.getByName(host))).isNotNull();
    try (ServerSocketChannel listener = ServerSocketChannel.open(family)) {
      listener.bind(new InetSocketAddress(InetAddress.getByName(host), 0));
      try (Socket client =
              new Socket(InetAddress.getByName(host), listener.socket().getLocalPort());
          SocketChannel server = listener.accept()) {
        InetSocketAddress here = (InetSocketAddress) client.getLocalSocketAddress();
        InetSocketAddress there = (InetSocketAddress) client.getRemoteSocketAddress();
        client.getOutputStream().write(new byte[SIZE]);
        await(here, there, Optional.of(new SocketQueues(0, 0)));
        await(there, here, Optional.of(new SocketQueues(0, SIZE)));
        assertThat(server.read(ByteBuffer.allocate(1))).isOne();
        await(there, here, Optional.of(new SocketQueues(0, SIZE - 1)));
        fill(server);
        long unread = SocketQueues.of(here, there).orElseThrow().unread();
        assertThat(unread).isPositive();
        assertThat(SocketQueues.of(there, here).orElseThrow().unsent()).isPositive();
      }
    }
  }

  private static void fill(SocketChannel server) throws IOException {
    server.configureBlocking(false);
    ByteBuffer bytes = ByteBuffer.allocate(1 << 20);
    for (int full = 0; full < 10; full = server.write(bytes.clear()) == 0 ? full + 1 : 0) {
      Thread.onSpinWait();
    }
  }

  /** The kernel may acknowledge data later than it receives them. */
  private static void await(
      InetSocketAddress local, InetSocketAddress remote, Optional<SocketQueues> expected) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    Optional<SocketQueues> queues = SocketQueues.of(local, remote);
    while (!queues.equals(expected) && System.nanoTime() - deadline < 0) {
      Thread.onSpinWait();
      queues = SocketQueues.of(local, remote);
    }
    assertThat(queues).isEqualTo(expected);
  }
}
