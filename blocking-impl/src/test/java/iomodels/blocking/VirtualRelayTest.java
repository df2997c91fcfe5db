package iomodels.blocking;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests that the relay forwards each reset as a reset while data flows in both directions. */
@Timeout(60)
class VirtualRelayTest {

  /** Without {@code demandWhole}, 2 to 5 % of resets arrive as FIN. */
  private static final int TRIES = 600;

  private static final int CHUNK = 16 * 1024;

  /** Enough chunks that the relay is still writing when the reset arrives. */
  private static final int CHUNKS = 32;

  @Test
  void aResetByTheClientReachesTheUpstream() throws Exception {
    assertThat(resetsForwardedAsFin(true)).isZero();
  }

  @Test
  void aResetByTheUpstreamReachesTheClient() throws Exception {
    assertThat(resetsForwardedAsFin(false)).isZero();
  }

  private static int resetsForwardedAsFin(boolean clientResets) throws Exception {
    int fins = 0;
    InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (ServerSocketChannel listener = ServerSocketChannel.open().bind(anyPort);
        Server relay =
            VirtualRelay.start(
                ProgramConfig.onLoopback(
                    List.of((InetSocketAddress) listener.getLocalAddress())))) {
      for (int i = 0; i < TRIES; i++) {
        try (SocketChannel client = SocketChannel.open(relay.address());
            SocketChannel upstream = listener.accept()) {
          boolean fin =
              clientResets ? endsWithFin(client, upstream) : endsWithFin(upstream, client);
          fins += fin ? 1 : 0;
        }
      }
    }
    return fins;
  }

  /** Resets one connection, and returns whether the other one receives a FIN. */
  private static boolean endsWithFin(SocketChannel one, SocketChannel other) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    other.configureBlocking(false); // Bytes that do not fit are not needed.
    for (int i = 0; i < CHUNKS; i++) {
      other.write(buffer.clear());
    }
    other.configureBlocking(true);
    for (int i = 0; i < 4; i++) {
      one.read(buffer.clear());
    }
    one.write(buffer.clear().limit(100));
    one.setOption(StandardSocketOptions.SO_LINGER, 0);
    one.close();
    try {
      while (other.read(buffer.clear()) >= 0) {
        // Data that was sent before the reset may arrive.
      }
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
