package iomodels.reactor.programs;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.netty.Transports;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A {@code Connection} of Reactor Netty loses its channel when its streams have ended, so later
 * operations must not use it. If they did, the relay would cut some of many conversations.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EndOfConnectionTest {

  private static final byte[] DATA = new byte[100_000];
  private static final int CONVERSATIONS = 500;

  /**
   * A receive buffer so small that the last data are still in the relay's socket when the relay
   * closes it.
   */
  private static final int WINDOW = 4 * 1024;

  @Test
  void relayDeliversAllToAClientThatReadsLate() throws Exception {
    try (ServerSocket upstream = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
        Server relay =
            ReactorNettyRelay.start(
                ProgramConfig.onLoopback(
                    List.of((InetSocketAddress) upstream.getLocalSocketAddress())),
                Transports.best())) {
      for (int i = 0; i < CONVERSATIONS; i++) {
        try (Socket client = new Socket()) {
          client.setReceiveBufferSize(WINDOW);
          client.connect(relay.address());
          client.shutdownOutput();
          try (Socket relayed = upstream.accept()) {
            relayed.getOutputStream().write(DATA);
            assertThat(relayed.getInputStream().read()).isNegative();
          }
          assertThat(client.getInputStream().readAllBytes()).hasSize(DATA.length);
        }
      }
    }
  }
}
