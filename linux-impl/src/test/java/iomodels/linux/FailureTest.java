package iomodels.linux;

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
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests that an exception ends one conversation, and an error ends the server. */
@Timeout(60)
class FailureTest {

  private static final ServerConfig CONFIG = ServerConfig.onLoopback();

  /** An address that no other test uses: no other process takes its port once it is free. */
  private static final ServerConfig OWN_ADDRESS =
      ServerConfig.at(new InetSocketAddress("127.0.13.1", 0));

  /** Repeats the test, since the kernel closes a socket late only now and then. */
  private static final int ROUNDS = 50;

  static List<ServerProvider> providers() {
    return Models.available();
  }

  @ParameterizedTest
  @MethodSource("providers")
  void anExceptionEndsOneConversation(ServerProvider provider) throws Exception {
    try (Server server = provider.start(CONFIG, new Failing());
        Socket other = Clients.connect(server.address());
        Socket client = Clients.connect(server.address())) {
      client.getOutputStream().write('!');
      assertEnds(client);
      other.getOutputStream().write('a');
      assertThat(other.getInputStream().read()).isEqualTo('A');
      assertThat(server.terminated()).isNotDone();
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void anErrorEndsTheServerAndClosesAllSockets(ServerProvider provider) throws Exception {
    long before = Descriptors.sockets();
    Server server = provider.start(CONFIG.withDatagrams(true), new Failing());
    try (Socket other = Clients.connect(server.address());
        Socket client = Clients.connect(server.address())) {
      other.getOutputStream().write('a');
      assertThat(other.getInputStream().read()).isEqualTo('A');
      client.getOutputStream().write('#');
      assertThatThrownBy(() -> server.terminated().join())
          .isInstanceOf(CompletionException.class)
          .hasCauseInstanceOf(OutOfMemoryError.class);
      assertEnds(client);
      assertEnds(other);
    }
    server.close();
    assertThat(Descriptors.sockets()).isLessThanOrEqualTo(before);
  }

  @ParameterizedTest
  @MethodSource("providers")
  void anErrorFreesThePort(ServerProvider provider) throws Exception {
    ServerConfig config = OWN_ADDRESS.withDatagrams(true);
    for (int i = 0; i < ROUNDS; i++) {
      Server server = provider.start(config, new Failing());
      try (Socket client = Clients.connect(server.address())) {
        client.getOutputStream().write('#');
        server.terminated().handle((_, _) -> null).join();
        config = ServerConfig.at(server.address()).withDatagrams(true);
        assertThatThrownBy(() -> Clients.connect(server.address()))
            .isInstanceOf(ConnectException.class);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void anErrorInANewSessionEndsTheServerAndClosesAllSockets(ServerProvider provider)
      throws Exception {
    long before = Descriptors.sockets();
    Failing service = new Failing();
    Server server = provider.start(CONFIG, service);
    service.exhausted = true;
    try (Socket client = Clients.connect(server.address())) {
      assertThatThrownBy(() -> server.terminated().join())
          .hasCauseInstanceOf(OutOfMemoryError.class);
      assertEnds(client);
    }
    assertThat(Descriptors.sockets()).isLessThanOrEqualTo(before);
  }

  private static void assertEnds(Socket client) {
    try {
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("reset");
    }
  }

  /**
   * Replies as {@code upper}, but throws an exception for {@code !}, and an error for {@code #}.
   */
  private static final class Failing implements Service {

    private volatile boolean exhausted;

    @Override
    public String name() {
      return "failing";
    }

    @Override
    public Session open() {
      if (exhausted) {
        throw new OutOfMemoryError("thrown by the test");
      }
      Session upper = Services.UPPER.open();
      return (in, out, endOfInput) -> {
        int first = in.hasRemaining() ? in.get(in.position()) : 0;
        if (first == '!') {
          throw new IllegalStateException("thrown by the test");
        }
        if (first == '#') {
          throw new OutOfMemoryError("thrown by the test");
        }
        return upper.advance(in, out, endOfInput);
      };
    }

    @Override
    public Optional<Responder> datagrams() {
      return Services.UPPER.datagrams();
    }
  }
}
