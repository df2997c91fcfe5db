package iomodels.blocking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Services;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests a pool that has more clients than threads, or no threads. */
@Timeout(60)
class PoolServerTest {

  private static final ServerConfig CONFIG = ServerConfig.onLoopback();

  @Test
  void aWaitingClientIsServedWhenAThreadIsFree() throws Exception {
    List<Socket> clients = new ArrayList<>();
    try (Server server =
        new PoolServer(CONFIG, Services.UPPER, 2, 1, Thread.ofPlatform().factory())) {
      for (int i = 0; i < 8; i++) {
        Socket client = connect(server);
        client.getOutputStream().write('a' + i);
        clients.add(client);
      }
      assertThat(clients.get(0).getInputStream().read()).isEqualTo('A');
      assertThat(clients.get(1).getInputStream().read()).isEqualTo('B');
      for (int i = 2; i < 8; i++) {
        Socket next = clients.get(i);
        next.setSoTimeout(50);
        assertThatThrownBy(() -> next.getInputStream().read())
            .isInstanceOf(SocketTimeoutException.class);
        next.setSoTimeout(30_000);
        clients.get(i - 2).close();
        assertThat(next.getInputStream().read()).isEqualTo('A' + i);
      }
    } finally {
      closeAll(clients);
    }
  }

  @Test
  void stopsWhileThreadsAndQueueAreFull() throws Exception {
    List<Socket> clients = new ArrayList<>();
    Server server = new PoolServer(CONFIG, Services.UPPER, 1, 1, Thread.ofPlatform().factory());
    try {
      for (int i = 0; i < 4; i++) {
        clients.add(connect(server));
      }
      clients.get(0).getOutputStream().write('a');
      assertThat(clients.get(0).getInputStream().read()).isEqualTo('A');
      clients.get(1).getOutputStream().write('b');

      server.close();

      assertThat(server.terminated()).isCompleted();
      assertThat(clients.get(0).getInputStream().read()).isEqualTo(-1);
      assertThat(clients.get(1).getInputStream().readAllBytes())
          .as("reply to a client in the queue")
          .containsExactly('B');
    } finally {
      closeAll(clients);
      server.close();
    }
  }

  @Test
  void theMessageNamesTheRemedyIfTheSystemHasNoThreadLeft() throws Exception {
    List<Thread> threads = new ArrayList<>();
    ThreadFactory factory =
        task -> {
          if (threads.size() == 2) {
            throw new OutOfMemoryError("unable to create native thread");
          }
          threads.add(new Thread(task));
          return threads.getLast();
        };
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, CONFIG.address().getAddress())) {
      port = free.getLocalPort();
    }
    ServerConfig config =
        ServerConfig.at(new InetSocketAddress(CONFIG.address().getAddress(), port));

    assertThatThrownBy(() -> new PoolServer(config, Services.UPPER, 4, 1, factory).close())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no thread left")
        .hasMessageContaining("ulimit -u");

    assertThat(threads).hasSize(2);
    for (Thread thread : threads) {
      thread.join();
    }
    try (Server again =
        new PoolServer(config, Services.UPPER, 1, 1, Thread.ofPlatform().factory())) {
      assertThat(again.address().getPort()).as("the port was released").isEqualTo(port);
    }
  }

  private static Socket connect(Server server) throws IOException {
    Socket client = new Socket(server.address().getAddress(), server.address().getPort());
    client.setSoTimeout(30_000);
    return client;
  }

  private static void closeAll(List<Socket> clients) throws IOException {
    for (Socket client : clients) {
      client.close();
    }
  }
}
