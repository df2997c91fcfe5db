package iomodels.vertx;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.server.spi.Availability;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import java.io.IOException;
import java.net.Socket;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the conformance kit does not see, for it is not on the wire, or not a service of ours. */
@Timeout(60)
class VertxProviderTest {

  private final VertxProvider provider = new VertxProvider();

  @ParameterizedTest
  @EnumSource
  void runsOnTheTransportAskedForOrSaysWhyNot(Transport transport) throws IOException {
    ServerConfig config = ServerConfig.onLoopback().withTransport(Optional.of(transport));
    Availability availability = availability(transport);
    if (availability.here()) {
      try (Server server = provider.start(config, Services.UPPER)) {
        assertThat(server.transport()).contains(transport);
        assertThat(exchange(server, "abc")).isEqualTo("ABC");
      }
    } else {
      assertThatThrownBy(() -> provider.start(config, Services.UPPER))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(availability.reason());
    }
  }

  @ParameterizedTest
  @EnumSource
  void bugInASessionEndsItsConnectionAndNoOther(Transport transport) throws IOException {
    assumeTrue(availability(transport).here(), () -> availability(transport).reason());
    ServerConfig config = ServerConfig.onLoopback().withTransport(Optional.of(transport));
    try (Server server = provider.start(config, new Faulty());
        Socket other = connect(server)) {
      other.getOutputStream().write('a');
      assertThat(other.getInputStream().read()).isEqualTo('A');
      assertThat(exchange(server, "!")).isEmpty();
      other.getOutputStream().write('b');
      assertThat(other.getInputStream().read()).isEqualTo('B');
    }
  }

  @Test
  void closesOnceFromWhateverThread() throws Exception {
    Server server = provider.start(ServerConfig.onLoopback(), Services.UPPER);
    assertThat(server.terminated()).isNotDone();
    CompletableFuture<Void> elsewhere = CompletableFuture.runAsync(server::close);
    server.close();
    elsewhere.get(10, TimeUnit.SECONDS);
    server.close();
    assertThat(server.terminated()).isCompleted();
    assertThatThrownBy(() -> connect(server)).isInstanceOf(IOException.class);
  }

  private Availability availability(Transport transport) {
    return requireNonNull(provider.transports().get(transport));
  }

  private static Socket connect(Server server) throws IOException {
    return new Socket(server.address().getAddress(), server.address().getPort());
  }

  private static String exchange(Server server, String said) throws IOException {
    try (Socket socket = connect(server)) {
      socket.getOutputStream().write(said.getBytes(US_ASCII));
      socket.shutdownOutput();
      return new String(socket.getInputStream().readAllBytes(), US_ASCII);
    }
  }

  /** Upper-cases, but fails at an exclamation mark. */
  private record Faulty() implements Service {

    @Override
    public String name() {
      return "faulty";
    }

    @Override
    public Session open() {
      Session upper = Services.UPPER.open();
      return (in, out, endOfInput) -> {
        if (in.hasRemaining() && in.get(in.position()) == '!') {
          throw new IllegalStateException("a bug that this test put here");
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
