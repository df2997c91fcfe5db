package iomodels.nio;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests that tasks and connections are cancelled when the client disconnects. */
@Timeout(60)
class CancellationTest {

  private static final int CLIENTS = 10;

  @Test
  void workersThatWaitForAFifoAreFreeWhenTheirClientsDisconnect(@TempDir Path folder)
      throws Exception {
    Path fifo = folder.resolve("fifo");
    assumeTrue(
        new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor() == 0,
        "this system has no FIFOs");
    Files.writeString(folder.resolve("file"), "x");
    ProgramConfig config = ProgramConfig.onLoopback(List.of()).reading(folder);
    try (Server server = SelectorOffload.start(config)) {
      for (int i = 0; i < config.workers(); i++) {
        Socket client = ask(server, "read fifo\n");
        await(() -> threads("open-fifo") == 1);
        reset(client);
        await(() -> threads("open-fifo") == 0);
      }
      try (Socket client = ask(server, "read file\n")) {
        assertThat(line(client)).hasSize(64); // A SHA-256, in hexadecimal.
      }
    }
  }

  @Test
  void workersAreStartedBeforeTheFirstRequest() throws IOException {
    try (Server _ = SelectorOffload.start(ProgramConfig.onLoopback(List.of()))) {
      assertThat(threads("nio-selector-offload-worker")).isGreaterThanOrEqualTo(2);
    }
  }

  @Test
  void aPendingConnectIsCancelledWhenItsClientDisconnects() throws Exception {
    Path connections = Path.of("/proc/self/net/tcp6");
    assumeTrue(Files.exists(connections), "this system has no /proc/self/net/tcp6");
    List<SocketChannel> fillers = new ArrayList<>();
    try (ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      InetSocketAddress upstream = (InetSocketAddress) deaf.getLocalSocketAddress();
      while (connecting(connections, upstream) == 0) { // Until its backlog is full.
        SocketChannel filler = SocketChannel.open();
        fillers.add(filler);
        filler.configureBlocking(false);
        filler.connect(upstream);
      }
      long before = connecting(connections, upstream);
      ProgramConfig config =
          ProgramConfig.onLoopback(List.of(upstream)).within(Duration.ofMinutes(1));
      try (Server server = SelectorRelay.start(config)) {
        List<Socket> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
          clients.add(ask(server, "x".repeat(1_000 * i)));
        }
        await(() -> connecting(connections, upstream) == before + CLIENTS);
        for (Socket client : clients) {
          reset(client);
        }
        await(() -> connecting(connections, upstream) == before);
      }
    } finally {
      for (SocketChannel filler : fillers) {
        filler.close();
      }
    }
  }

  /** The number of connections to a port in state SYN_SENT, which is 2 in proc(5). */
  private static long connecting(Path connections, InetSocketAddress to) throws IOException {
    String port = ":%04X".formatted(to.getPort());
    return Files.readAllLines(connections).stream()
        .map(it -> it.trim().split("\\s+"))
        .filter(it -> it[2].endsWith(port) && it[3].equals("02"))
        .count();
  }

  /** A condition to wait for. */
  private interface Condition {
    boolean holds() throws IOException;
  }

  private static void await(Condition condition) throws Exception {
    while (!condition.holds()) { // The timeout of the test limits the wait.
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  private static long threads(String name) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(it -> it.getName().startsWith(name))
        .count();
  }

  private static Socket ask(Server server, String request) throws IOException {
    Socket client = new Socket(server.address().getAddress(), server.address().getPort());
    client.setSoTimeout(30_000);
    client.getOutputStream().write(request.getBytes(US_ASCII));
    return client;
  }

  private static void reset(Socket client) throws IOException {
    client.setSoLinger(true, 0);
    client.close();
  }

  private static String line(Socket client) throws IOException {
    return new BufferedReader(new InputStreamReader(client.getInputStream(), US_ASCII)).readLine();
  }
}
