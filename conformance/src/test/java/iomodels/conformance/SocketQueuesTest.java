package iomodels.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.conformance.Peer.Progress;
import iomodels.conformance.SocketQueues.Queues;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SocketQueuesTest {

  private static final String HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr\n";
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int SIZE = 1_000;

  @TempDir Path net;

  @Test
  void listsIpv4AndMappedAddressesAlike() throws IOException {
    assumeThat(ByteOrder.nativeOrder()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
    Files.writeString(
        net.resolve("tcp"),
        HEAD
            + "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000005 00:00000000 00000000\n"
            + "  12: 0100007F:1F90 0100007F:C001 01 00000010:00000020 00:00000000 00000000\n"
            + "  13: 0100007F:1F90 0100007F:C002 06 00000000:00000000 00:00000000 00000000\n"
            + "a line that is cut off\n");
    Files.writeString(
        net.resolve("tcp6"),
        HEAD
            + "10000: 0000000000000000FFFF00000100007F:C001 0000000000000000FFFF00000100007F:1F90"
            + " 01 00000001:00000002 00:00000000 00000000\n");
    SocketQueues queues = SocketQueues.in(net);
    assertThat(queues.of(loopback(8080), loopback(0xC001))).contains(new Queues(16, 32));
    assertThat(queues.of(loopback(0xC001), loopback(8080))).contains(new Queues(1, 2));
    assertThat(queues.of(loopback(8080), loopback(0xC002))).isEmpty();
  }

  @Test
  void listsNothingWithoutTheFiles() {
    assertThat(SocketQueues.in(net).of(loopback(1), loopback(2))).isEmpty();
  }

  @Test
  void theKitKnowsWhatAServerHasReadAndWritten() throws Exception {
    assumeThat(Path.of("/proc/net/tcp")).isReadable();
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Peer peer =
            Peer.connect(
                loopback(listener.getLocalPort()), 0, 0, PATIENCE, new Transcript(), "#1");
        Socket server = listener.accept()) {
      peer.send(new byte[SIZE]);
      await(peer, new Progress(0, 0, SIZE, 0));
      server.getInputStream().readNBytes(SIZE - 1);
      await(peer, new Progress(SIZE - 1, 0, 1, 0));
      server.getOutputStream().write(new byte[SIZE]);
      await(peer, new Progress(SIZE - 1, SIZE, 1, 0));
      peer.expect(new byte[SIZE]);
      await(peer, new Progress(SIZE - 1, SIZE, 1, 0));
    }
  }

  /** The kernel may acknowledge data later than it receives them. */
  private static void await(Peer peer, Progress expected) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    Optional<Progress> progress = peer.progress(SocketQueues.now());
    while (!progress.equals(Optional.of(expected)) && System.nanoTime() - deadline < 0) {
      Thread.onSpinWait();
      progress = peer.progress(SocketQueues.now());
    }
    assertThat(progress).contains(expected);
  }

  private static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }
}
