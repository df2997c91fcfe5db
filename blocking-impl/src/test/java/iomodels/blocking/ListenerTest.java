package iomodels.blocking;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Services;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests connections that are established, but not accepted yet, when a server stops. */
@Timeout(60)
class ListenerTest {

  private static final int CLIENTS = 40;

  private final List<Socket> clients = new ArrayList<>();

  @AfterEach
  void closeClients() throws IOException {
    for (Socket client : clients) {
      client.close();
    }
  }

  @Test
  void aWaitingAcceptReturnsAtTheStop() throws Exception {
    try (Listener listener = listener()) {
      CompletableFuture<Integer> accepted = CompletableFuture.supplyAsync(() -> count(listener));
      while (!listener.isWaiting()) {
        Thread.onSpinWait();
      }
      listener.stop();
      assertThat(accepted.get()).isZero();
      clients.add(connect(listener.address())); // The listener was woken, not closed.
    }
  }

  @Test
  void allConnectionsInTheBacklogAreAccepted() throws Exception {
    try (Listener listener = listener()) {
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(connect(listener.address()));
      }
      CompletableFuture<Void> stop = CompletableFuture.runAsync(listener::stop);
      assertThat(count(listener)).isEqualTo(CLIENTS);
      stop.join();
    }
  }

  @Test
  void stopDoesNotWaitForAnAccept() throws Exception {
    try (Listener listener = listener()) {
      clients.add(connect(listener.address()));
      listener.stop(); // No thread accepts.
      assertThat(count(listener)).as("the backlog is not reset").isEqualTo(1);
    }
  }

  @Test
  void noMoreThanTheBacklogIsAcceptedAfterTheStop() throws Exception {
    try (Listener listener =
        Listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 3)) {
      listener.stop();
      int accepted = 0;
      do { // A client connects whenever one has been accepted.
        clients.add(connect(listener.address()));
        accepted++;
      } while (accepted <= CLIENTS && listener.accept() != null);
      assertThat(accepted).isEqualTo(5);
    }
  }

  @Test
  void acceptReturnsWhenTheListenerIsClosed() throws Exception {
    Listener listener = listener();
    CompletableFuture<Integer> accepted = CompletableFuture.supplyAsync(() -> count(listener));
    listener.close();
    assertThat(accepted.get()).isZero();
  }

  @Test
  void aSequentialServerServesItsBacklogWhenItStops() throws Exception {
    try (Server server = new SequentialServer(ServerConfig.onLoopback(), Services.UPPER)) {
      assertAnsweredAfterStop(server);
    }
  }

  @Test
  void aPoolServesItsBacklogWhenItStops() throws Exception {
    try (Server server =
        new PoolServer(
            ServerConfig.onLoopback(), Services.UPPER, 1, 1, Thread.ofPlatform().factory())) {
      assertAnsweredAfterStop(server);
    }
  }

  /** The first client occupies the only thread, so all others wait. */
  private void assertAnsweredAfterStop(Server server) throws Exception {
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

  private static int count(Listener listener) {
    int accepted = 0;
    for (var client = listener.accept(); client != null; client = listener.accept()) {
      Sockets.closeQuietly(client);
      accepted++;
    }
    return accepted;
  }

  private static Listener listener() throws IOException {
    return Listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 2 * CLIENTS);
  }

  private static Socket connect(InetSocketAddress address) throws IOException {
    Socket client = new Socket(address.getAddress(), address.getPort());
    client.setSoTimeout(30_000);
    return client;
  }
}
