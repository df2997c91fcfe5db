package iomodels.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.Availability;
import iomodels.service.Services;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests the highest descriptor of select. The clients' descriptors in this process count, too. */
@Timeout(120)
class SelectServerTest {

  private final Deque<Socket> clients = new ArrayDeque<>();

  @BeforeEach
  void assumeAvailable() {
    Availability availability = new SelectProvider().availability();
    assumeTrue(availability.here(), availability.reason());
  }

  @AfterEach
  void closeClients() throws IOException {
    while (!clients.isEmpty()) {
      clients.pop().close();
    }
  }

  @Test
  void aClientWithoutABitIsClosedAndTheOthersAreServed() throws Exception {
    try (Server server = new SelectServer(ServerConfig.onLoopback(), Services.UPPER)) {
      boolean refused = false;
      while (!refused && clients.size() < FdSet.FD_SETSIZE) {
        refused = !isServed(connect(server));
      }
      assertThat(refused).as("a client is closed, after %d clients", clients.size()).isTrue();
      clients.pop().close();
      for (Socket client : clients) {
        assertThat(isServed(client)).isTrue();
      }
      for (int i = 0; i < 10; i++) {
        clients.pop().close();
      }
      awaitService(server);
    }
  }

  /** Waits until a client is served: a descriptor is free only after the server has read a FIN. */
  private void awaitService(Server server) throws IOException {
    while (!isServed(connect(server))) {
      clients.pop().close();
    }
  }

  private Socket connect(Server server) throws IOException {
    try {
      Socket client = new Socket(server.address().getAddress(), server.address().getPort());
      clients.push(client);
      client.setSoTimeout(30_000);
      return client;
    } catch (SocketException e) {
      return abort("this process has too few descriptors for the test: " + e.getMessage());
    }
  }

  private static boolean isServed(Socket client) throws IOException {
    try {
      client.getOutputStream().write('a');
      return client.getInputStream().read() == 'A';
    } catch (SocketException _) {
      return false; // Reset, since the byte was unread.
    }
  }
}
