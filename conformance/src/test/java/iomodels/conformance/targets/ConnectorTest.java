package iomodels.conformance.targets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ConnectorTest {

  /** Above the limit of the tests: none of them may pass because an attempt was given up. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private final InetAddress loopback = InetAddress.getLoopbackAddress();

  private InetSocketAddress nobody() throws IOException {
    try (ServerSocket closed = new ServerSocket(0, 1, loopback)) {
      return (InetSocketAddress) closed.getLocalSocketAddress();
    }
  }

  @Test
  void theSecondAddressIsTriedWhereTheFirstRefuses() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, loopback)) {
      List<InetSocketAddress> addresses =
          List.of(nobody(), (InetSocketAddress) server.getLocalSocketAddress());

      try (Socket socket = Connector.connect(addresses, PATIENCE)) {
        assertThat(socket.getPort()).isEqualTo(server.getLocalPort());
      }
    }
  }

  /** Long before the first has been given up. */
  @Test
  void theSecondAddressIsTriedWhereTheFirstIsSilent() throws Exception {
    List<SocketChannel> queue = new ArrayList<>();
    try (ServerSocket full = new ServerSocket(0, 1, loopback);
        ServerSocket server = new ServerSocket(0, 1, loopback)) {
      for (int i = 0;
          i < 4;
          i++) { // More than its backlog holds: the kernel drops what comes then.
        SocketChannel waiting = SocketChannel.open();
        queue.add(waiting);
        waiting.configureBlocking(false);
        waiting.connect(full.getLocalSocketAddress());
      }
      List<InetSocketAddress> addresses =
          List.of(
              (InetSocketAddress) full.getLocalSocketAddress(),
              (InetSocketAddress) server.getLocalSocketAddress());

      try (Socket socket = Connector.connect(addresses, PATIENCE)) {
        assertThat(socket.getPort()).isEqualTo(server.getLocalPort());
      }
    } finally {
      for (SocketChannel waiting : queue) {
        waiting.close();
      }
    }
  }

  @Test
  void whereNoneAnswersTheFirstSaysWhyAndIsKept() throws Exception {
    List<InetSocketAddress> addresses = List.of(nobody(), nobody());

    assertThatThrownBy(() -> Connector.connect(addresses, PATIENCE))
        .isInstanceOf(ConnectException.class);
    assertThat(Connector.firstThatAnswers(addresses, PATIENCE)).isEqualTo(addresses.getFirst());
  }

  @Test
  void theFirstThatAnswersIsChosen() throws Exception {
    InetAddress other = InetAddress.ofLiteral("127.0.0.2");
    try (ServerSocket server = new ServerSocket(0, 1, other)) {
      InetSocketAddress answering = (InetSocketAddress) server.getLocalSocketAddress();
      List<InetSocketAddress> addresses =
          List.of(new InetSocketAddress(loopback, server.getLocalPort()), answering);

      assertThat(Connector.firstThatAnswers(addresses, PATIENCE)).isEqualTo(answering);
    }
  }
}
