package iomodels.blocking.programs;

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

/** A reset has to arrive as a reset, each time, while data flows both ways. */
@Timeout(60)
class VirtualRelayTest {

  /** Without {@code demandWhole} 2 to 5 % of resets arrive as FIN. */
  private static final int TRIES = 600;

  private static final int CHUNK = 16 * 1024;

  /** As many chunks as keep the relay writing while the reset comes. */
  private static final int CHUNKS = 32;

  @Test
  void clientsResetReachesTheUpstream() throws Exception {
    assertThat(resetsTakenForFin(true)).isZero();
  }

  @Test
  void upstreamsResetReachesTheClient() throws Exception {
    assertThat(resetsTakenForFin(false)).isZero();
  }

  private static int resetsTakenForFin(boolean clientResets) throws Exception {
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

  /** Resets one of the two, and tells whether the other sees a FIN. */
  private static boolean endsWithFin(SocketChannel one, SocketChannel other) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    other.configureBlocking(false); // What finds no room is not needed.
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
        // What was sent before the reset may arrive.
      }
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
