package iomodels.vertx;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import iomodels.netty.Transports;
import iomodels.server.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests both directions of a socket, over TCP. */
class DuplexSocketTest {

  private static final String HOST = InetAddress.getLoopbackAddress().getHostAddress();
  private static final int PATIENCE_SECONDS = 30;

  /** A socket and its event loop. */
  private record Accepted(DuplexSocket socket, Context loop) {

    void run(Runnable action) {
      loop.runOnContext(_ -> action.run());
    }
  }

  private final BlockingQueue<Accepted> accepted = new LinkedBlockingQueue<>();
  private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();
  private Optional<VertxRuntime> runtime = Optional.empty();
  private int port;

  static Stream<Transport> transports() {
    return Transports.available().entrySet().stream()
        .filter(it -> it.getValue().here())
        .map(Map.Entry::getKey);
  }

  private void listen(Transport transport) throws IOException {
    runtime = Optional.of(new VertxRuntime(transport, () -> {}));
    Vertx vertx = runtime.get().vertx();
    NetServer server =
        vertx
            .createNetServer(new NetServerOptions())
            .connectHandler(
                it -> {
                  DuplexSocket socket = DuplexSocket.of(it);
                  socket
                      .pause()
                      .handler(chunk -> events.add(chunk.toString()))
                      .endHandler(_ -> events.add("FIN"))
                      .exceptionHandler(events::add);
                  accepted.add(new Accepted(socket, vertx.getOrCreateContext()));
                });
    port = server.listen(0, HOST).await().actualPort();
  }

  @AfterEach
  void close() {
    runtime.ifPresent(it -> it.close(1, Duration.ofSeconds(1)));
  }

  @ParameterizedTest
  @MethodSource("transports")
  void finComesAfterTheDataAndLeavesTheOutputOpen(Transport transport) throws Exception {
    listen(transport);
    try (Socket client = connect()) {
      client.getOutputStream().write("data".getBytes(US_ASCII));
      client.shutdownOutput();
      Accepted it = accepted.take();
      it.run(it.socket()::resume);
      assertEquals("data", next());
      assertEquals("FIN", next());
      it.run(() -> it.socket().write("reply"));
      it.run(it.socket()::end);
      assertEquals("reply", new String(client.getInputStream().readAllBytes(), US_ASCII));
      whenClosed(it);
    }
  }

  @ParameterizedTest
  @MethodSource("transports")
  void endLeavesTheInputOpenAndFinThenCloses(Transport transport) throws Exception {
    listen(transport);
    try (Socket client = connect()) {
      Accepted it = accepted.take();
      it.run(it.socket()::resume);
      it.run(it.socket()::end);
      assertEquals(-1, client.getInputStream().read());
      client.getOutputStream().write("late".getBytes(US_ASCII));
      assertEquals("late", next());
      client.shutdownOutput();
      assertEquals("FIN", next());
      whenClosed(it);
    }
  }

  /**
   * Without io_uring: there Netty reports some resets as a FIN, and as a reset only to a writer.
   */
  static Stream<Transport> transportsThatReportResets() {
    return transports().filter(it -> it != Transport.IO_URING);
  }

  @ParameterizedTest
  @MethodSource("transportsThatReportResets")
  void aResetCallsTheExceptionHandler(Transport transport) throws Exception {
    listen(transport);
    Socket client = connect();
    Accepted it = accepted.take();
    it.run(it.socket()::resume);
    client.setSoLinger(true, 0);
    client.close();
    assertInstanceOf(IOException.class, next());
    assertThrows(ExecutionException.class, () -> whenClosed(it));
  }

  @ParameterizedTest
  @MethodSource("transports")
  void resetAtCloseAppliesToACloseByVertx(Transport transport) throws Exception {
    listen(transport);
    try (Socket client = connect()) {
      Accepted it = accepted.take();
      it.run(it.socket()::resetAtClose);
      it.run(it.socket()::close);
      assertThrows(SocketException.class, () -> client.getInputStream().read());
    }
  }

  @ParameterizedTest
  @MethodSource("transports")
  void resetAtCloseDoesNotApplyAfterBothDirectionsHaveEnded(Transport transport) throws Exception {
    listen(transport);
    try (Socket client = connect()) {
      Accepted it = accepted.take();
      it.run(it.socket()::resetAtClose);
      it.run(it.socket()::resume);
      client.shutdownOutput();
      assertEquals("FIN", next());
      it.run(it.socket()::end);
      assertEquals(-1, client.getInputStream().read());
      whenClosed(it);
    }
  }

  /** With io_uring an empty write is sent in a later turn of the event loop. */
  @ParameterizedTest
  @MethodSource("transports")
  void closeWhenIdleWaitsForWritesThatFollowIt(Transport transport) throws Exception {
    listen(transport);
    int length = 32 * 1024 * 1024; // More than the buffers of the kernel hold.
    try (Socket client = connect()) {
      Accepted it = accepted.take();
      BlockingQueue<String> log = new LinkedBlockingQueue<>();
      it.run(
          () -> {
            Vertx vertx = requireNonNull(Vertx.currentContext()).owner();
            it.socket().closeWhenIdle(vertx);
            it.socket().write(Buffer.buffer(new byte[length]));
            vertx.setTimer(300, _ -> log.add("later than an idle check"));
          });
      log.take();
      assertEquals(length, client.getInputStream().readAllBytes().length);
    }
  }

  private Socket connect() throws IOException {
    Socket client = new Socket(HOST, port);
    client.setSoTimeout(PATIENCE_SECONDS * 1000);
    return client;
  }

  private Object next() throws InterruptedException {
    return requireNonNull(events.poll(PATIENCE_SECONDS, SECONDS));
  }

  private static void whenClosed(Accepted it) throws Exception {
    BlockingQueue<Future<Void>> closed = new LinkedBlockingQueue<>();
    it.run(() -> closed.add(it.socket().whenClosed().toCompletionStage().toCompletableFuture()));
    closed.take().get(PATIENCE_SECONDS, SECONDS);
  }
}
