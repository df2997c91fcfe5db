package iomodels.blocking;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Services;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of connections that are complete, and not yet accepted, when a server stops. */
@Timeout(60)
class BacklogTest {

  private static final int CLIENTS = 40;

  private final List<Socket> clients = new ArrayList<>();

  @AfterEach
  void closeClients() throws IOException {
    for (Socket client : clients) {
      client.close();
    }
  }

  @Test
  void acceptorThatWaitsIsWoken() throws Exception {
    try (ServerSocketChannel listener = listener()) {
      Backlog backlog = new Backlog(listener);
      CompletableFuture<Integer> accepted =
          CompletableFuture.supplyAsync(() -> acceptAll(listener, backlog));
      backlog.stop();
      assertThat(accepted.get()).isZero();
      assertThat(listener.isOpen()).as("nobody had to close it").isTrue();
    }
  }

  @Test
  void everyoneInTheBacklogIsAccepted() throws Exception {
    try (ServerSocketChannel listener = listener()) {
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(connect((InetSocketAddress) listener.getLocalAddress()));
      }
      Backlog backlog = new Backlog(listener);
      CompletableFuture<Void> stop = CompletableFuture.runAsync(backlog::stop);
      assertThat(acceptAll(listener, backlog)).isEqualTo(CLIENTS);
      stop.join();
    }
  }

  @Test
  void sequentialServerServesItsBacklogWhenItStops() throws Exception {
    try (Server server = new SequentialServer(ServerConfig.onLoopback(), Services.UPPER)) {
      demandAnswersAfterStop(server);
    }
  }

  @Test
  void poolServesItsBacklogWhenItStops() throws Exception {
    try (Server server =
        new PoolServer(
            ServerConfig.onLoopback(), Services.UPPER, 1, 1, Thread.ofPlatform().factory())) {
      demandAnswersAfterStop(server);
    }
  }

  /** The first client keeps the only thread, so all others wait. */
  private void demandAnswersAfterStop(Server server) throws Exception {
    Socket first = connect(server.address());
    clients.add(first);
    first.getOutputStream().write('a');
    assertThat(first.getInputStream().read()).isEqualTo('A');
    for (int i = 0; i < CLIENTS; i++) {
      Socket client = connect(server.address());
      clients.add(client);
      client.getOutputStream().write('b');
      client.shutdownOutput();
    }
    CompletableFuture<Void> stop = CompletableFuture.runAsync(server::close);
    for (Socket client : clients.subList(1, clients.size())) {
      assertThat(client.getInputStream().readAllBytes()).containsExactly('B');
    }
    stop.join();
  }

  /** As the pages do. */
  private static int acceptAll(ServerSocketChannel listener, Backlog backlog) {
    int accepted = 0;
    try {
      while (true) {
        listener.configureBlocking(!backlog.isStopping());
        try (SocketChannel peer = listener.accept()) {
          if (peer == null) {
            return accepted;
          }
          if (!backlog.isWakeUp(peer)) {
            accepted++;
          }
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static ServerSocketChannel listener() throws IOException {
    return ServerSocketChannel.open()
        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 2 * CLIENTS);
  }

  private static Socket connect(InetSocketAddress address) throws IOException {
    Socket client = new Socket(address.getAddress(), address.getPort());
    client.setSoTimeout(30_000);
    return client;
  }
}
