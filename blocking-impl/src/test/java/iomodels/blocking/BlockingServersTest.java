package iomodels.blocking;

import static java.nio.charset.StandardCharsets.US_ASCII;
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
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What cannot be seen from another process. */
@Timeout(60)
class BlockingServersTest {

  private static final ServerConfig CONFIG = ServerConfig.onLoopback();

  /** Throws at an exclamation mark; otherwise as {@code upper}. */
  private static final Service THROWING =
      new Service() {
        @Override
        public String name() {
          return "throwing";
        }

        @Override
        public Session open() {
          Session upper = Services.UPPER.open();
          return (in, out, endOfInput) -> {
            if (in.hasRemaining() && in.get(in.position()) == '!') {
              throw new IllegalStateException("as it was asked to");
            }
            return upper.advance(in, out, endOfInput);
          };
        }

        @Override
        public Optional<Responder> datagrams() {
          return Optional.empty();
        }
      };

  /** Those that serve in this process, and so any service. */
  static List<ServerProvider> here() {
    return List.of(
        new SequentialProvider(),
        new ThreadPerConnectionProvider(),
        new PoolProvider(),
        new VirtualThreadProvider());
  }

  static List<ServerProvider> providers() {
    return Stream.concat(here().stream(), Stream.of(new PreforkProvider())).toList();
  }

  @ParameterizedTest
  @MethodSource("here")
  void sessionThatThrowsCostsItsConnectionOnly(ServerProvider provider) throws Exception {
    try (Server server = provider.start(CONFIG, THROWING)) {
      try (Socket victim = connect(server)) {
        assertThat(endsWithout(victim)).isTrue();
      }
      try (Socket client = connect(server)) {
        assertThat(ask(client, 'a')).isEqualTo('A');
      }
      assertThat(server.terminated()).isNotDone();
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void manyMayCloseAtOnce(ServerProvider provider) throws Exception {
    Server server = provider.start(CONFIG, Services.UPPER);
    try (Socket client = connect(server)) {
      assertThat(ask(client, 'a')).isEqualTo('A');
      List<CompletableFuture<Void>> closers =
          Stream.generate(
                  () -> CompletableFuture.runAsync(server::close, Thread::startVirtualThread))
              .limit(4)
              .toList();
      closers.forEach(CompletableFuture::join);
      server.close();
      assertThat(server.terminated()).isCompleted();
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
    assertThatThrownBy(() -> connect(server).close()).isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @MethodSource("providers")
  void peerThatNeverReadsIsCutOffAfterTheGracePeriod(ServerProvider provider) throws Exception {
    Server server = provider.start(CONFIG.withGracePeriod(Duration.ofMillis(200)), Services.FLOOD);
    try (Socket client = connect(server)) {
      client.getOutputStream().write("9999999999999\n".getBytes(US_ASCII));
      assertThat(client.getInputStream().read()).isZero();
      server.close();
      assertThat(server.terminated()).isCompleted();
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void startThatFailsLeavesNothingOpen(ServerProvider provider) throws Exception {
    InetSocketAddress address = portFreeForTcp();
    try (DatagramSocket _ = new DatagramSocket(address)) {
      ServerConfig config = ServerConfig.at(address).withDatagrams(true);
      assertThatThrownBy(() -> provider.start(config, Services.UPPER))
          .isInstanceOf(BindException.class);
      assertThat(becomesFree(address)).as("the port for TCP is free again").isTrue();
    }
  }

  /** Not every port that is free for UDP is: clients' old connections hold theirs for a minute. */
  private static InetSocketAddress portFreeForTcp() throws IOException {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(CONFIG.address());
      return (InetSocketAddress) socket.getLocalSocketAddress();
    }
  }

  /** Somebody else's connection may be given the port for a moment; what leaks stays. */
  private static boolean becomesFree(InetSocketAddress address) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (System.nanoTime() < deadline) {
      try (ServerSocket listener = new ServerSocket()) {
        listener.bind(address);
        return true;
      } catch (BindException _) {
        TimeUnit.MILLISECONDS.sleep(20);
      }
    }
    return false;
  }

  private static Socket connect(Server server) throws IOException {
    Socket client = new Socket(server.address().getAddress(), server.address().getPort());
    client.setSoTimeout(30_000);
    return client;
  }

  private static boolean endsWithout(Socket victim) {
    try {
      return ask(victim, '!') < 0;
    } catch (IOException _) {
      return true; // Reset: an end as well.
    }
  }

  private static int ask(Socket client, int octet) throws IOException {
    client.getOutputStream().write(octet);
    return client.getInputStream().read();
  }
}
