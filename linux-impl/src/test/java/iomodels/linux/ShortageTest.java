package iomodels.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.linux.Descriptors.Shortage;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.ServerProvider;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests servers that run out of descriptors. */
@Timeout(120)
class ShortageTest {

  private static final int LIMIT = 900;
  private static final int RESET = 600;

  static List<ServerProvider> providers() {
    return Models.available();
  }

  /** A server that paused for 100 ms at each shortage would need 20 s for the reset connections. */
  @ParameterizedTest
  @MethodSource("providers")
  void aClientBehindManyResetConnectionsIsServedSoon(ServerProvider provider) throws Exception {
    BlockingService service = new BlockingService();
    try (Server server = provider.start(ServerConfig.onLoopback(), service);
        Socket holder = Clients.connect(server.address())) {
      try {
        service.block(holder);
        for (int i = 0; i < RESET; i++) {
          try (Socket client = Clients.connect(server.address())) {
            client.getOutputStream().write('a');
            client.setSoLinger(true, 0);
          }
        }
        try (Socket newcomer = Clients.connect(server.address())) {
          newcomer.getOutputStream().write('b');
          try (Shortage _ = new Shortage(LIMIT, 3)) {
            long start = System.nanoTime();
            service.release();
            assertThat(newcomer.getInputStream().read()).isEqualTo('B');
            assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(10));
          }
        }
      } finally {
        service.release();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void aClientIsAcceptedWhenADescriptorIsFree(ServerProvider provider) throws Exception {
    BlockingService service = new BlockingService();
    try (Server server = provider.start(ServerConfig.onLoopback(), service);
        Socket first = Clients.connect(server.address())) {
      first.getOutputStream().write('a');
      assertThat(first.getInputStream().read()).isEqualTo('A');
      try (Socket second = Clients.connect(server.address());
          Shortage shortage = new Shortage(LIMIT, 0)) {
        second.getOutputStream().write('b');
        first.getOutputStream().write('c');
        assertThat(first.getInputStream().read()).isEqualTo('C');
        shortage.release(1);
        assertThat(second.getInputStream().read()).isEqualTo('B');
      }
    }
  }
}
