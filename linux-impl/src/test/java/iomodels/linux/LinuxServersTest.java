package iomodels.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests input that arrives while the loop is blocked by another connection. */
@Timeout(60)
class LinuxServersTest {

  private static final ServerConfig CONFIG = ServerConfig.onLoopback();

  static List<ServerProvider> providers() {
    return Models.available();
  }

  /**
   * Bytes and FIN arrive while the loop is blocked by another connection. An edge reports both
   * once.
   */
  @ParameterizedTest
  @MethodSource("providers")
  void aFinThatArrivesWithTheLastBytesIsNotLost(ServerProvider provider) throws Exception {
    BlockingService service = new BlockingService();
    try (Server server = provider.start(CONFIG, service);
        Socket client = connect(server);
        Socket holder = connect(server)) {
      assertThat(ask(client, 'a')).isEqualTo('A');
      try {
        service.block(holder);
        client.getOutputStream().write('b');
        client.shutdownOutput();
      } finally {
        service.release();
      }
      assertThat(client.getInputStream().read()).isEqualTo('B');
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void bytesAfterUrgentDataAreNotLost(ServerProvider provider) throws Exception {
    BlockingService service = new BlockingService();
    try (Server server = provider.start(CONFIG, service);
        Socket client = connect(server);
        Socket holder = connect(server)) {
      client.setTcpNoDelay(true);
      assertThat(ask(client, 'a')).isEqualTo('A');
      try {
        service.block(holder);
        client.getOutputStream().write('b');
        client.sendUrgentData('u');
        client.getOutputStream().write('c');
      } finally {
        service.release();
      }
      assertThat(client.getInputStream().readNBytes(2)).isEqualTo(new byte[] {'B', 'C'});
    }
  }

  private static Socket connect(Server server) throws IOException {
    Socket client = new Socket(server.address().getAddress(), server.address().getPort());
    client.setSoTimeout(30_000);
    return client;
  }

  private static int ask(Socket client, int octet) throws IOException {
    client.getOutputStream().write(octet);
    return client.getInputStream().read();
  }
}
