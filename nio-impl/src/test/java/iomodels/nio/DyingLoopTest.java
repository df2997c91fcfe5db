package iomodels.nio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests that an {@link Error} in an event loop ends the whole server, and closes its sockets. */
@Timeout(60)
class DyingLoopTest {

  private static final ServerConfig CONFIG =
      ServerConfig.at(new InetSocketAddress("127.0.13.2", 0)) // No other process takes its port.
          .withGracePeriod(Duration.ofMillis(200));

  static List<ServerProvider> providers() {
    return ServerProvider.installed();
  }

  @ParameterizedTest
  @MethodSource("providers")
  void anErrorClosesAllSocketsAndIsReported(ServerProvider provider) throws Exception {
    Server server = provider.start(CONFIG, new Dying());
    List<Socket> clients = new ArrayList<>();
    for (int i = 0; i < 8; i++) { // So many that each loop has some.
      clients.add(connect(server));
      assertThat(ask(clients.get(i), 'a')).isEqualTo('A');
    }
    clients.getFirst().getOutputStream().write('!');
    assertThatThrownBy(() -> server.terminated().get(30, TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(StackOverflowError.class);
    for (Socket client : clients) {
      assertThat(hasEnded(client)).isTrue();
      client.close();
    }
    server.close();
    assertThatThrownBy(() -> connect(server).close()).isInstanceOf(IOException.class);
  }

  private static Socket connect(Server server) throws IOException {
    Socket client = new Socket(server.address().getAddress(), server.address().getPort());
    client.setSoTimeout(30_000);
    return client;
  }

  private static boolean hasEnded(Socket client) {
    try {
      return client.getInputStream().read() < 0;
    } catch (IOException _) {
      return true; // A reset also ends the connection.
    }
  }

  private static int ask(Socket client, int octet) throws IOException {
    client.getOutputStream().write(octet);
    return client.getInputStream().read();
  }

  /** Throws an error if it receives an exclamation mark; otherwise replies as {@code upper}. */
  private record Dying() implements Service {

    @Override
    public String name() {
      return "dying";
    }

    @Override
    public Session open() {
      Session upper = Services.UPPER.open();
      return (in, out, endOfInput) -> {
        if (in.hasRemaining() && in.get(in.position()) == '!') {
          throw new StackOverflowError("requested by the test");
        }
        return upper.advance(in, out, endOfInput);
      };
    }

    @Override
    public Optional<Responder> datagrams() {
      return Optional.empty();
    }
  }
}
