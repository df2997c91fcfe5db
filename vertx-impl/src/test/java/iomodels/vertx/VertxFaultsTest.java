package iomodels.vertx;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Regression tests of the servers, over TCP. */
class VertxFaultsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final InetAddress HOST = InetAddress.getLoopbackAddress();

  static Stream<Arguments> modelsOnTransports() {
    return Stream.of(new VertxProvider(), new RxJavaProvider(), new VirtualThreadProvider())
        .flatMap(
            model ->
                model.transports().entrySet().stream()
                    .filter(it -> it.getValue().here())
                    .map(it -> Arguments.of(model, it.getKey())));
  }

  /**
   * The service {@code upper}, but its first sessions, one per event loop, block the event loop
   * until they are released.
   */
  private static final class Blocking implements Service {

    private final int loops = Runtime.getRuntime().availableProcessors();
    private final AtomicInteger sessions = new AtomicInteger();
    private final CountDownLatch blocked = new CountDownLatch(loops);
    private final CountDownLatch release = new CountDownLatch(1);

    @Override
    public String name() {
      return "blocking";
    }

    @Override
    public Session open() {
      if (sessions.getAndIncrement() < loops) {
        blocked.countDown();
        try {
          release.await();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      return Services.UPPER.open();
    }

    @Override
    public Optional<Responder> datagrams() {
      return Optional.empty();
    }
  }

  /**
   * Connects more clients than are accepted while the event loops are blocked: the others wait in
   * the accept backlog.
   */
  @ParameterizedTest
  @MethodSource("modelsOnTransports")
  void clientsThatConnectedBeforeTheStopAreAnswered(ServerProvider model, Transport transport)
      throws Exception {
    ServerConfig config = ServerConfig.onLoopback().withTransport(Optional.of(transport));
    Blocking service = new Blocking();
    Server server = model.start(config, service);
    List<Socket> clients = new ArrayList<>();
    for (int i = 0; i < service.loops; i++) {
      clients.add(ask(server));
    }
    service.blocked.await();
    for (int i = 0; i < 100; i++) {
      clients.add(ask(server));
    }
    Thread stop = Thread.startVirtualThread(server::close);
    while (stop.getState() == Thread.State.NEW || stop.getState() == Thread.State.RUNNABLE) {
      Thread.onSpinWait();
    }
    service.release.countDown();
    for (Socket each : clients) {
      assertEquals("ABC", reader(each).readLine());
      each.close();
    }
    stop.join();
  }

  private static Socket ask(Server server) throws IOException {
    Socket client = connect(server);
    say(client, "abc\n");
    client.shutdownOutput();
    return client;
  }

  private static Socket connect(Server server) throws IOException {
    Socket socket = new Socket();
    socket.connect(new InetSocketAddress(HOST, server.address().getPort()));
    socket.setSoTimeout((int) PATIENCE.toMillis());
    return socket;
  }

  private static void say(Socket socket, String line) throws IOException {
    socket.getOutputStream().write(line.getBytes(US_ASCII));
  }

  private static BufferedReader reader(Socket socket) throws IOException {
    return new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
  }
}
