package iomodels.linux;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Services;
import java.io.IOException;
import java.net.Socket;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests clients that send a few bytes and reset the connection. */
class ResetsTest {

  private static final ServerConfig CONFIG = ServerConfig.onLoopback();
  private static final int CLIENTS_AT_A_TIME = 8;

  static List<ServerProvider> providers() {
    return Models.available();
  }

  @ParameterizedTest
  @MethodSource("providers")
  @Timeout(60)
  void noSocketStaysOpenAfterResets(ServerProvider provider) throws Exception {
    resetMany(provider, 2_000);
  }

  /** Many connections, since the kernel may lose an event in one of 10,000. */
  @ParameterizedTest
  @MethodSource("providers")
  @Timeout(300)
  @Tag("thorough")
  void noSocketStaysOpenAfterManyResets(ServerProvider provider) throws Exception {
    resetMany(provider, 60_000);
  }

  private static void resetMany(ServerProvider provider, int connections) throws Exception {
    try (Server server = provider.start(CONFIG, Services.LINES);
        Socket witness = Clients.connect(server.address())) {
      assertAnswers(witness);
      long before = Descriptors.sockets();
      try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS_AT_A_TIME)) {
        for (Future<?> reset :
            threads.invokeAll(Collections.nCopies(connections, () -> reset(server)))) {
          reset.get();
        }
      }
      do {
        assertAnswers(witness); // The loop has then had a turn.
      } while (Descriptors.sockets() > before);
      try (Socket client = Clients.connect(server.address())) {
        assertAnswers(client);
      }
      assertThat(server.terminated()).isNotDone();
    }
  }

  private static void assertAnswers(Socket client) throws IOException {
    client.getOutputStream().write("whole\n".getBytes(US_ASCII));
    assertThat(client.getInputStream().readNBytes(6)).isEqualTo("WHOLE\n".getBytes(US_ASCII));
  }

  private static Void reset(Server server) throws IOException {
    try (Socket client = Clients.connect(server.address())) {
      client.getOutputStream().write("half".getBytes(US_ASCII));
      client.setSoLinger(true, 0);
    }
    return null;
  }
}
