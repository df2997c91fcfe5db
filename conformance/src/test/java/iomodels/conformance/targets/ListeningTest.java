package iomodels.conformance.targets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.process.ChildProcesses;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ListeningTest {

  @Test
  void whoListensIsSeenAndNotDisturbed() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(Listening.at(server.getLocalPort())).isTrue();
      assertThat(Listening.isTaken(server.getLocalPort())).isTrue();

      server.setSoTimeout(1);
      assertThat(catchTimeout(server)).as("nobody has connected").isTrue();
    }
  }

  @Test
  void whichProcessListensIsSeen() throws IOException {
    assumeThat(Listening.isKnown()).isTrue();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = server.getLocalPort();
      assertThat(Listening.by(Set.of(ProcessHandle.current()), port)).isTrue();
      assertThat(Listening.by(Set.of(), port)).isFalse();
      Process other = ChildProcesses.start(new ProcessBuilder("sleep", "60"));
      assertThat(Listening.by(Set.of(other.toHandle()), port)).isFalse();
      other.destroyForcibly();
    }
  }

  private static boolean catchTimeout(ServerSocket server) throws IOException {
    try {
      server.accept().close();
      return false;
    } catch (SocketTimeoutException _) {
      return true;
    }
  }

  @Test
  void whoIsOnlyBoundDoesNotListen() throws IOException {
    try (SocketChannel bound = SocketChannel.open()) {
      bound.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      int port = ((InetSocketAddress) bound.getLocalAddress()).getPort();

      assertThat(Listening.isTaken(port)).isTrue();
      assumeThat(Listening.isKnown()).isTrue();
      assertThat(Listening.at(port)).isFalse();
    }
  }
}
