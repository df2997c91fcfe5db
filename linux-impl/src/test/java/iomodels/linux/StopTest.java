package iomodels.linux;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Services;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests that every client receives its pending replies when the server stops. */
@Timeout(120)
class StopTest {

  private static final ServerConfig CONFIG =
      ServerConfig.onLoopback().withGracePeriod(Duration.ofSeconds(30));

  private static final int CLIENTS = 40;

  /** Counted down when the server has begun to stop. */
  private final CountDownLatch stopping = new CountDownLatch(1);

  /** Total size of pending replies, in bytes; more than the kernel's buffers hold. */
  private static final int PENDING = 8_000_000;

  static List<ServerProvider> providers() {
    return Models.available();
  }

  /** The server is stopped while its loop is blocked and clients wait to be accepted. */
  @ParameterizedTest
  @MethodSource("providers")
  void clientsThatWaitToBeAcceptedAreServed(ServerProvider provider) throws Exception {
    BlockingService service = new BlockingService();
    List<Socket> clients = new ArrayList<>();
    try (Server server = provider.start(CONFIG, service);
        Socket holder = Clients.connect(server.address())) {
      Thread stop = Thread.ofVirtual().unstarted(server::close);
      try {
        service.block(holder);
        for (int i = 0; i < CLIENTS; i++) {
          Socket client = Clients.connect(server.address());
          clients.add(client);
          client.getOutputStream().write('a');
          client.shutdownOutput();
        }
        stop.start();
        while (stop.getState() != Thread.State.WAITING) {
          Thread.onSpinWait();
        }
      } finally {
        service.release();
      }
      for (Socket client : clients) {
        assertThat(client.getInputStream().readAllBytes()).isEqualTo(new byte[] {'A'});
      }
      stop.join();
    } finally {
      for (Socket client : clients) {
        client.close();
      }
    }
  }

  /** Tests forty clients in each state of a conversation. */
  @ParameterizedTest
  @MethodSource("providers")
  void clientsInEveryStateReceiveTheirReplies(ServerProvider provider) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        Server server = provider.start(CONFIG, Services.FLOOD)) {
      List<Future<Long>> received = new ArrayList<>();
      List<Long> expected = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        expected.addAll(List.of(0L, 21L, (long) PENDING / CLIENTS, (long) PENDING / 4, 21L));
        received.add(talk(threads, server.address(), "", false));
        received.add(talk(threads, server.address(), "12", false));
        received.add(talk(threads, server.address(), PENDING / CLIENTS + "\n", true));
        received.add(talk(threads, server.address(), PENDING / 4 + "\n", false));
        received.add(talk(threads, server.address(), "?", false));
      }
      CompletableFuture<Void> stop = CompletableFuture.runAsync(server::close);
      Clients.awaitRefusal(server.address());
      stopping.countDown();
      for (int i = 0; i < expected.size(); i++) {
        assertThat(received.get(i).get()).as("client %d", i).isEqualTo(expected.get(i));
      }
      stop.join();
    }
  }

  /** Sends a request; when the server stops, reads to the end and returns the number of bytes. */
  private Future<Long> talk(
      ExecutorService threads, InetSocketAddress server, String request, boolean end)
      throws IOException {
    Socket client = Clients.connect(server);
    client.getOutputStream().write(request.getBytes(US_ASCII));
    if (end) {
      client.shutdownOutput();
    }
    return threads.submit(
        () -> {
          try (client) {
            stopping.await();
            InputStream in = client.getInputStream();
            byte[] chunk = new byte[128 * 1024];
            long total = 0;
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
              total += count;
            }
            return total;
          }
        });
  }
}
