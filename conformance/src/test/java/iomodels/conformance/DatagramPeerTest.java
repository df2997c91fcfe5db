package iomodels.conformance;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that are sent again, and replies that come late. */
@Timeout(60)
class DatagramPeerTest {

  private static final Duration PATIENCE = Duration.ofSeconds(1);
  private static final byte[] REQUEST = "request".getBytes(US_ASCII);
  private static final byte[] REPLY = "REPLY".getBytes(US_ASCII);
  private static final byte[] OTHER = "OTHER".getBytes(US_ASCII);

  private DatagramSocket server;
  private DatagramPeer peer;

  @BeforeEach
  void open() throws IOException {
    server = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    InetSocketAddress address = (InetSocketAddress) server.getLocalSocketAddress();
    peer = new DatagramPeer(address, PATIENCE, new Transcript(), "#1");
  }

  @AfterEach
  void close() {
    peer.close();
    server.close();
  }

  /** Answers the first requests only when so many have come, and each of them. */
  private Thread answering(int requests) {
    return Thread.ofVirtual()
        .start(
            () -> {
              DatagramPacket packet = new DatagramPacket(new byte[100], 100);
              try {
                for (int i = 0; i < requests; i++) {
                  server.receive(packet);
                }
                for (int i = 0; i < requests; i++) {
                  reply(REPLY, packet);
                }
                server.receive(packet);
                reply(OTHER, packet);
              } catch (IOException _) {
                // The test is over.
              }
            });
  }

  private void reply(byte[] bytes, DatagramPacket to) throws IOException {
    server.send(new DatagramPacket(bytes, bytes.length, to.getSocketAddress()));
  }

  @Test
  void whatWasAskedForAgainMayComeAgain() throws Exception {
    Thread answering = answering(3);
    peer.exchange(REQUEST, REPLY);
    peer.exchange(REQUEST, OTHER);
    peer.expectSilence(PATIENCE);
    answering.join();
  }

  @Test
  void whatWasAskedForOnceMayNot() throws Exception {
    Thread answering = answering(1);
    peer.exchange(REQUEST, REPLY);
    peer.send(REQUEST);
    assertThatExceptionOfType(Broken.class)
        .isThrownBy(() -> peer.expectSilence(PATIENCE))
        .withMessageContaining("OTHER");
    answering.join();
  }
}
