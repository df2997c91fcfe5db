package iomodels.conformance.junit;

import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Services;
import java.io.IOException;
import java.io.InputStream;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A load that reveals leaked buffers and blocking calls: 300 clients that send, half-close, reset
 * or do not read; datagrams; stops under load and without clients.
 */
final class StressWorkload {

  private static final int CLIENTS = 300;
  private static final int MESSAGE = 8 * 1024;
  private static final int DATAGRAMS = 50;
  private static final int STOPS = 20;
  private static final int FLOOD = 16 * 1024 * 1024;
  private static final byte[] A_FLOOD = (FLOOD + "\n").getBytes(US_ASCII);
  private static final byte[] ENDLESS_FLOOD = "9999999999999\n".getBytes(US_ASCII);
  private static final int TIMEOUT_MILLIS = 30_000;
  private static final int TRIES = 5;

  private final ServerProvider provider;
  private final ServerConfig config;

  StressWorkload(ServerProvider provider, Optional<Transport> transport) {
    this.provider = provider;
    this.config =
        ServerConfig.onLoopback()
            .withTransport(transport)
            .withGracePeriod(Duration.ofMillis(TIMEOUT_MILLIS));
  }

  /** Runs the whole load against servers in this JVM; they have ended when it returns. */
  void run() throws IOException {
    List<Socket> clients = new ArrayList<>();
    try {
      try (Server server = startWithDatagrams()) {
        talk(server, clients);
      }
      // Short, so that the stop disconnects clients: that is part of the load.
      ServerConfig impatient = config.withGracePeriod(Duration.ofMillis(500));
      try (Server server = provider.start(impatient, Services.FLOOD)) {
        loadWithoutReading(server, clients);
      }
      for (int i = 0; i < STOPS; i++) {
        startWithDatagrams().close(); // each stop cancels a pending read
      }
    } finally {
      for (Socket client : clients) {
        client.close();
      }
    }
  }

  /** Retries: the port that the system chooses for TCP may be count for UDP. */
  private Server startWithDatagrams() throws IOException {
    for (int i = 1; ; i++) {
      try {
        return provider.start(config.withDatagrams(true), Services.UPPER);
      } catch (BindException e) {
        if (i == TRIES) {
          throw e;
        }
      }
    }
  }

  private static void talk(Server server, List<Socket> clients) throws IOException {
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(connect(server));
    }
    for (Socket client : clients) {
      client.getOutputStream().write('a');
      demand('A', client.getInputStream().read());
    }
    datagrams(server.address());
    for (int i = 0; i < CLIENTS; i++) {
      Socket client = clients.get(i);
      client.getOutputStream().write(new byte[MESSAGE]);
      switch (i % 3) {
        case 0 -> reset(client);
        case 1 -> client.shutdownOutput();
        default -> {} // its reply is still pending at the stop
      }
    }
    for (int i = 1; i < CLIENTS; i += 3) {
      demand(MESSAGE, readAll(clients.get(i)));
    }
    CompletableFuture<Void> stop =
        CompletableFuture.runAsync(server::close, Thread::startVirtualThread);
    for (int i = 2; i < CLIENTS; i += 3) {
      demand(MESSAGE, readAll(clients.get(i)));
    }
    stop.join();
  }

  private static void datagrams(InetSocketAddress address) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(TIMEOUT_MILLIS);
      DatagramPacket reply = new DatagramPacket(new byte[MESSAGE], MESSAGE);
      for (int i = 0; i < DATAGRAMS; i++) {
        socket.send(new DatagramPacket(new byte[i], i, address));
        socket.receive(reply);
        demand(i, reply.getLength());
      }
    }
  }

  private static void loadWithoutReading(Server server, List<Socket> clients) throws IOException {
    Socket slow = connect(server);
    clients.add(slow);
    slow.getOutputStream().write(A_FLOOD);
    for (int i = 0; i < CLIENTS; i++) {
      Socket client = connect(server);
      clients.add(client);
      client.getOutputStream().write(ENDLESS_FLOOD);
      demand(0, client.getInputStream().read());
      if (i % 3 != 0) {
        reset(client);
      }
    }
    slow.shutdownOutput();
    demand(FLOOD, readAll(slow));
  }

  private static Socket connect(Server server) throws IOException {
    Socket socket = new Socket(server.address().getAddress(), server.address().getPort());
    socket.setSoTimeout(TIMEOUT_MILLIS);
    return socket;
  }

  private static void reset(Socket client) throws IOException {
    client.setSoLinger(true, 0);
    client.close();
  }

  private static long readAll(Socket client) throws IOException {
    byte[] chunk = new byte[MESSAGE];
    InputStream input = client.getInputStream();
    long count = 0;
    for (int n = input.read(chunk); n >= 0; n = input.read(chunk)) {
      count += n;
    }
    return count;
  }

  private static void demand(long expected, long actual) {
    if (actual != expected) {
      throw new AssertionError("expected %,d, got %,d".formatted(expected, actual));
    }
  }
}
