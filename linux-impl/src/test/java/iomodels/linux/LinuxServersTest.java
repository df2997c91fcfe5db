package iomodels.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What comes while the loop is held up elsewhere. */
@Timeout(60)
class LinuxServersTest {

  private static final ServerConfig CONFIG = ServerConfig.onLoopback();

  static List<ServerProvider> providers() {
    return Models.available();
  }

  /**
   * While the loop is held up elsewhere, bytes come, and what ends a read early comes with them: an
   * edge reports all of it once.
   */
  @ParameterizedTest
  @MethodSource("providers")
  void finThatComesWithTheLastBytesIsNotMissed(ServerProvider provider) throws Exception {
    Holding service = new Holding();
    try (Server server = provider.start(CONFIG, service);
        Socket client = connect(server);
        Socket holder = connect(server)) {
      assertThat(ask(client, 'a')).isEqualTo('A');
      try {
        service.holdUp(holder);
        client.getOutputStream().write('b');
        client.shutdownOutput();
      } finally {
        service.letGo();
      }
      assertThat(client.getInputStream().read()).isEqualTo('B');
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void urgentDataDoesNotHideWhatFollows(ServerProvider provider) throws Exception {
    Holding service = new Holding();
    try (Server server = provider.start(CONFIG, service);
        Socket client = connect(server);
        Socket holder = connect(server)) {
      client.setTcpNoDelay(true);
      assertThat(ask(client, 'a')).isEqualTo('A');
      try {
        service.holdUp(holder);
        client.getOutputStream().write('b');
        client.sendUrgentData('u');
        client.getOutputStream().write('c');
      } finally {
        service.letGo();
      }
      assertThat(client.getInputStream().readNBytes(2)).isEqualTo(new byte[] {'B', 'C'});
    }
  }

  /** As {@code upper}, but a question mark keeps the thread until it is let go. */
  private static final class Holding implements Service {

    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    @Override
    public String name() {
      return "holding";
    }

    @Override
    public Session open() {
      Session upper = Services.UPPER.open();
      return (in, out, endOfInput) -> {
        if (in.hasRemaining() && in.get(in.position()) == '?') {
          held.countDown();
          try {
            released.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        }
        return upper.advance(in, out, endOfInput);
      };
    }

    @Override
    public Optional<Responder> datagrams() {
      return Optional.empty();
    }

    void holdUp(Socket client) throws Exception {
      client.getOutputStream().write('?');
      held.await();
    }

    void letGo() {
      released.countDown();
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
