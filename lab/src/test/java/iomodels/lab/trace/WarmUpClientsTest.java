package iomodels.lab.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WarmUpClientsTest {

  @Test
  void aServerMayResetItsClients() throws Exception {
    AtomicInteger served = new AtomicInteger();
    try (ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> reset(listener, served));
      new WarmUpClients((InetSocketAddress) listener.getLocalSocketAddress()).close();
    }

    assertThat(served).hasValue(3);
  }

  private static void reset(ServerSocket listener, AtomicInteger served) {
    try {
      while (true) {
        Socket peer = listener.accept();
        peer.getInputStream().readNBytes(1);
        served.incrementAndGet();
        peer.setSoLinger(true, 0);
        peer.close();
      }
    } catch (IOException _) {
      // the end
    }
  }

  @Test
  void aServerWithoutABacklogIsWarmedUpWithFewer() throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        WarmUpClients clients =
            new WarmUpClients((InetSocketAddress) listener.getLocalSocketAddress())) {
      assertThat(clients).isNotNull();
    }
  }

  @Test
  void aServerThatIsNotThereCannotBe() throws Exception {
    InetSocketAddress refusing;
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      refusing = (InetSocketAddress) listener.getLocalSocketAddress();
    }

    assertThatThrownBy(() -> new WarmUpClients(refusing).close())
        .isInstanceOf(ConnectException.class);
  }
}
