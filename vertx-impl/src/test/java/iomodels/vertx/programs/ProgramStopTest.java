package iomodels.vertx.programs;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.Server;
import iomodels.server.spi.StyleProvider;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests how programs finish their conversations while they stop. */
@Timeout(120)
class ProgramStopTest {

  private static final Duration LONG = Duration.ofMinutes(1);
  private static final String LONG_TASK = "hash 2000000 x\n";
  private static final int HASH_LENGTH = 65;
  private static final int PINGS = 40_000;

  @ParameterizedTest
  @ValueSource(strings = {"vertx", "vertx-rxjava"})
  void gatherAnswersARequestThatWasPendingAtTheStop(String style) throws Exception {
    try (ServerSocket backend = listen();
        Server gather = start(style, Programs.GATHER, backend, LONG);
        Socket client = connect(gather)) {
      client.getOutputStream().write("all x\n".getBytes(US_ASCII));
      try (Socket call = backend.accept()) {
        assertThat(line(call)).isEqualTo("x");
        CompletableFuture<Void> stop = CompletableFuture.runAsync(gather::close);
        awaitRefusal(gather.address());
        call.getOutputStream().write("y\n".getBytes(US_ASCII));
        assertThat(line(client)).isEqualTo("ok y");
        stop.join();
      }
    }
  }

  /** The client sends more requests than the program reads ahead while it answers the first. */
  @ParameterizedTest
  @ValueSource(strings = {"vertx", "vertx-rxjava"})
  void offloadAnswersAllThatWasSentBeforeTheStop(String style) throws Exception {
    try (ServerSocket none = listen();
        Server offload = start(style, Programs.OFFLOAD, none, LONG);
        Socket client = connect(offload)) {
      client.getOutputStream().write(LONG_TASK.getBytes(US_ASCII));
      client.getOutputStream().write("ping\n".repeat(PINGS).getBytes(US_ASCII));
      CompletableFuture<Void> stop = CompletableFuture.runAsync(offload::close);
      awaitRefusal(offload.address());
      client.shutdownOutput();
      assertThat(client.getInputStream().readAllBytes())
          .hasSize(HASH_LENGTH + PINGS * "pong\n".length());
      stop.join();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"vertx", "vertx-rxjava"})
  void relayResetsAnUploadThatTheStopCutsOff(String style) throws Exception {
    try (ServerSocket upstream = listen();
        Server relay = start(style, Programs.RELAY, upstream, Duration.ofMillis(500));
        Socket client = connect(relay)) {
      client.getOutputStream().write("half".getBytes(US_ASCII));
      try (Socket relayed = upstream.accept()) {
        assertThat(relayed.getInputStream().readNBytes(4)).asString(US_ASCII).isEqualTo("half");
        CompletableFuture.runAsync(relay::close).join();
        assertThatThrownBy(() -> relayed.getInputStream().read()).isInstanceOf(IOException.class);
      }
    }
  }

  private static Server start(
      String style, Program program, ServerSocket upstream, Duration gracePeriod)
      throws IOException {
    InetSocketAddress at = (InetSocketAddress) upstream.getLocalSocketAddress();
    ProgramConfig it = ProgramConfig.onLoopback(List.of(at)).within(LONG);
    ProgramConfig config =
        new ProgramConfig(
            it.address(),
            it.backlog(),
            gracePeriod,
            it.upstreams(),
            it.deadline(),
            it.backOff(),
            it.outbox(),
            Path.of("."),
            it.workers(),
            it.queue());
    return StyleProvider.named(style)
        .orElseThrow()
        .page(program)
        .orElseThrow()
        .starter()
        .start(config);
  }

  private static ServerSocket listen() throws IOException {
    return new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
  }

  private static Socket connect(Server server) throws IOException {
    return new Socket(server.address().getAddress(), server.address().getPort());
  }

  private static String line(Socket socket) throws IOException {
    return new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII)).readLine();
  }

  /** Waits until connections are refused, which shows that the stop has begun. */
  private static void awaitRefusal(InetSocketAddress address) {
    while (true) {
      try (Socket _ = new Socket(address.getAddress(), address.getPort())) {
        Thread.onSpinWait();
      } catch (IOException _) {
        return;
      }
    }
  }
}
