package iomodels.reactor;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.ChannelOption;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.tcp.TcpServer;

@Timeout(60)
class DuplexConnectionTest {

  private interface Client {
    void talk(Socket socket) throws IOException;
  }

  @ParameterizedTest
  @EnumSource
  void aFinCompletesTheInput(Transport transport) throws IOException {
    CompletableFuture<String> input =
        serve(transport, DuplexConnectionTest::text, DuplexConnectionTest::sendFin);

    assertThat(input.join()).isEqualTo("all");
  }

  /** Without io_uring: there Netty does not report every reset (seen with 4.2.18). */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "IO_URING")
  void aResetFailsTheInput(Transport transport) throws IOException {
    CompletableFuture<String> input =
        serve(transport, DuplexConnectionTest::text, DuplexConnectionTest::reset);

    assertThatThrownBy(input::join)
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @EnumSource
  void finishWaitsForTheFinOfThePeer(Transport transport) throws IOException {
    CompletableFuture<String> finished =
        serve(
            transport,
            connection -> connection.input().next().then(connection.finish()).thenReturn("end"),
            DuplexConnectionTest::sendUntilFin);

    assertThat(finished.join()).isEqualTo("end");
  }

  private static Mono<String> text(DuplexConnection connection) {
    return connection.input().map(bytes -> bytes.toString(US_ASCII)).reduce("", String::concat);
  }

  private static void sendFin(Socket socket) throws IOException {
    socket.getOutputStream().write("all".getBytes(US_ASCII));
    socket.shutdownOutput();
    socket.getInputStream().readAllBytes();
  }

  private static void sendUntilFin(Socket socket) throws IOException {
    socket.getOutputStream().write(1);
    assertThat(socket.getInputStream().read()).isEqualTo(-1);
    socket.getOutputStream().write(new byte[1 << 20]); // Left unread, it would cause RST.
    socket.shutdownOutput();
  }

  private static void reset(Socket socket) throws IOException {
    socket.getOutputStream().write("half".getBytes(US_ASCII));
    socket.setSoLinger(true, 0);
  }

  /** Serves one client, and returns the result of the handler. */
  private static CompletableFuture<String> serve(
      Transport transport, Function<DuplexConnection, Mono<String>> handler, Client client)
      throws IOException {
    Loops loops = Loops.of(transport, 1);
    CompletableFuture<String> result = new CompletableFuture<>();
    try {
      DisposableServer server =
          TcpServer.create()
              .runOn(loops)
              .bindAddress(() -> new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
              .doOnChannelInit(DuplexConnection::install)
              .doOnConnection(
                  it -> {
                    DuplexConnection connection = new DuplexConnection(it);
                    connection.outbound().sendString(Mono.just("!")).then().subscribe();
                    handler
                        .apply(connection)
                        .doFinally(_ -> connection.close())
                        .subscribe(result::complete, result::completeExceptionally);
                  })
              .bindNow();
      try (Socket socket = new Socket(server.host(), server.port())) {
        assertThat(socket.getInputStream().read()).isEqualTo('!'); // The server has accepted it.
        client.talk(socket);
      }
      result.orTimeout(30, TimeUnit.SECONDS).handle((_, _) -> true).join();
      server.disposeNow();
    } finally {
      loops.end();
    }
    return result;
  }
}
