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

/** Descriptors run out. */
@Timeout(120)
class ShortageTest {

  private static final int LIMIT = 900;
  private static final int DEAD = 600;

  static List<ServerProvider> providers() {
    return Models.available();
  }

  /** A server that waited 100 ms after each shortage would take 20 s for the dead alone. */
  @ParameterizedTest
  @MethodSource("providers")
  void newcomerDoesNotWaitForTheClockBehindTheDead(ServerProvider provider) throws Exception {
    HeldService service = new HeldService();
    try (Server server = provider.start(ServerConfig.onLoopback(), service);
        Socket holder = Crowd.connect(server.address())) {
      try {
        service.holdUp(holder);
        for (int i = 0; i < DEAD; i++) {
          try (Socket client = Crowd.connect(server.address())) {
            client.getOutputStream().write('a');
            client.setSoLinger(true, 0);
          }
        }
        try (Socket newcomer = Crowd.connect(server.address())) {
          newcomer.getOutputStream().write('b');
          try (Shortage _ = new Shortage(LIMIT, 3)) {
            long start = System.nanoTime();
            service.letGo();
            assertThat(newcomer.getInputStream().read()).isEqualTo('B');
            assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(10));
          }
        }
      } finally {
        service.letGo();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void clientIsAcceptedOnceADescriptorIsFree(ServerProvider provider) throws Exception {
    HeldService service = new HeldService();
    try (Server server = provider.start(ServerConfig.onLoopback(), service);
        Socket first = Crowd.connect(server.address())) {
      first.getOutputStream().write('a');
      assertThat(first.getInputStream().read()).isEqualTo('A');
      try (Socket second = Crowd.connect(server.address());
          Shortage shortage = new Shortage(LIMIT, 0)) {
        second.getOutputStream().write('b');
        first.getOutputStream().write('c');
        assertThat(first.getInputStream().read()).isEqualTo('C');
        shortage.ease(1);
        assertThat(second.getInputStream().read()).isEqualTo('B');
      }
    }
  }
}
