package iomodels.conformance;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.meter.SocketQueues;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@Timeout(60)
class PeerTest {

  private static final int RESETS = 200;

  @Test
  void aLineThatNeverEndsIsBroken() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread endless = Thread.startVirtualThread(() -> sayWithoutEnd(server));
      InetSocketAddress address =
          new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
      try (Peer peer =
          Peer.connect(address, 0, 0, Duration.ofSeconds(30), new Transcript(), "#1")) {
        assertThatThrownBy(peer::line)
            .isInstanceOf(Broken.class)
            .hasMessage("expected a line, but got more than 65,536 bytes without LF");
      }
      endless.join();
    }
  }

  @Test
  void bytesThatAreNotExpectedStayToBeReceived() throws Exception {
    Duration patience = Duration.ofSeconds(30);
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      InetSocketAddress address =
          new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
      try (Peer peer = Peer.connect(address, 0, 0, patience, new Transcript(), "#1");
          Socket client = server.accept()) {
        client.getOutputStream().write("a\nb\nc\nd\n".getBytes(US_ASCII));
        assertThat(peer.line()).isEqualTo("a");
        assertThat(peer.receivesNext("b\n".getBytes(US_ASCII), patience)).isTrue();
        assertThat(peer.receivesNext("c\nno\n".getBytes(US_ASCII), patience)).isFalse();
        assertThat(peer.line()).isEqualTo("c");
        assertThat(peer.line()).isEqualTo("d");
        client.shutdownOutput();
        assertThatThrownBy(() -> peer.receivesNext("e\n".getBytes(US_ASCII), patience))
            .isInstanceOf(Broken.class)
            .hasMessageContaining("got FIN");
      }
    }
  }

  @Test
  void whatIsReceivedAndDiscardedIsInTheTranscript() throws Exception {
    Duration patience = Duration.ofSeconds(30);
    Transcript transcript = new Transcript();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      InetSocketAddress address =
          new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
      try (Peer peer = Peer.connect(address, 0, 0, patience, transcript, "#1");
          Socket client = server.accept()) {
        client.getOutputStream().write("reply".getBytes(US_ASCII));
        assertThat(peer.receives(patience)).isTrue();
        client.shutdownOutput();
        assertThat(peer.receives(patience)).isFalse();
      }
    }
    assertThat(transcript.lines())
        .anySatisfy(it -> assertThat(it).endsWith("to #1: 5 bytes \"reply\""))
        .anySatisfy(it -> assertThat(it).endsWith("FIN to #1"));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aResetHasArrivedWhenTheCallReturns() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      InetSocketAddress address =
          new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
      for (int i = 0; i < RESETS; i++) {
        Peer peer = Peer.connect(address, 0, 0, Duration.ofSeconds(30), new Transcript(), "#1");
        try (Socket client = server.accept()) {
          peer.finishSending();
          peer.reset();
          InetSocketAddress remote = (InetSocketAddress) client.getRemoteSocketAddress();
          assertThat(SocketQueues.of(address, remote)).isEmpty();
        }
      }
    }
  }

  @Test
  void aConnectionThatTheKitItselfCannotMakeIsInconclusive() {
    for (String words : List.of("Too many open files", "Cannot assign requested address")) {
      assertThatThrownBy(() -> Peer.demandFaultOfServer(new IOException(words)))
          .isInstanceOf(Inconclusive.class)
          .hasMessage("the kit cannot connect: " + words);
    }
    assertThatNoException()
        .isThrownBy(() -> Peer.demandFaultOfServer(new IOException("Connection refused")));
  }

  private static void sayWithoutEnd(ServerSocket server) {
    byte[] chunk = new byte[64 * 1024];
    Arrays.fill(chunk, (byte) 'x');
    try (Socket client = server.accept();
        OutputStream output = client.getOutputStream()) {
      while (true) {
        output.write(chunk);
      }
    } catch (IOException _) {
      // The kit has had enough.
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void knowsWhatTheServerHasReadAndWritten() throws Exception {
    int size = 1_000;
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      InetSocketAddress address =
          new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort());
      try (Peer peer = Peer.connect(address, 0, 0, Duration.ofSeconds(30), new Transcript(), "#1");
          Socket server = listener.accept()) {
        peer.send(new byte[size]);
        await(peer, new Peer.Progress(0, 0, size, 0));
        server.getInputStream().readNBytes(size - 1);
        await(peer, new Peer.Progress(size - 1, 0, 1, 0));
        server.getOutputStream().write(new byte[size]);
        await(peer, new Peer.Progress(size - 1, size, 1, 0));
        peer.expect(new byte[size]);
        await(peer, new Peer.Progress(size - 1, size, 1, 0));
      }
    }
  }

  /** The kernel may acknowledge data later than it receives them. */
  private static void await(Peer peer, Peer.Progress expected) {
    while (!peer.progress().equals(Optional.of(expected))) {
      Thread.onSpinWait(); // until the test's time limit
    }
  }
}
