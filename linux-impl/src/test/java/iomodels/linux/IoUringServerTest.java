package iomodels.linux;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.linux.IoUringServer.Sizes;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.Availability;
import iomodels.service.Services;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class IoUringServerTest {

  private static final ServerConfig CONFIG = ServerConfig.onLoopback();

  @BeforeEach
  void available() {
    Availability availability = new IoUringProvider().availability();
    assumeThat(availability.here()).as(availability.reason()).isTrue();
  }

  @Test
  void completionsThatDoNotFitAreNotLost() throws Exception {
    try (Server server = new IoUringServer(CONFIG, Services.UPPER, new Sizes(2, 4, 256))) {
      Clients.converse(server.address(), 100, 20);
      Clients.pour(server.address(), 10_000_000);
    }
  }

  @Test
  void clientsAreServedIfBuffersRunOut() throws Exception {
    try (Server server = new IoUringServer(CONFIG, Services.UPPER, new Sizes(64, 128, 2))) {
      Clients.converse(server.address(), 100, 20);
      Clients.pour(server.address(), 10_000_000);
    }
  }

  @Test
  void datagramsAreAnsweredIfBuffersRunOut() throws Exception {
    try (Server server = new IoUringServer(CONFIG.withDatagrams(true), Services.UPPER);
        DatagramSocket client = new DatagramSocket()) {
      client.setSoTimeout(Clients.TIMEOUT_MILLIS);
      client.connect(server.address());
      byte[] sent = "datagram".getBytes(US_ASCII);
      for (int i = 0; i < 50; i++) {
        client.send(new DatagramPacket(sent, sent.length));
      }
      for (int i = 0; i < 50; i++) {
        DatagramPacket reply = new DatagramPacket(new byte[100], 100);
        client.receive(reply);
        assertThat(new String(reply.getData(), 0, reply.getLength(), US_ASCII))
            .isEqualTo("DATAGRAM");
      }
    }
  }

  /** A ring that is closed with pending operations keeps their sockets open for some time. */
  @Test
  void thePortIsFreeAsSoonAsTheServerHasEnded() throws Exception {
    InetSocketAddress address = CONFIG.address();
    for (int i = 0; i < 20; i++) {
      ServerConfig config = ServerConfig.at(address).withDatagrams(true);
      try (Server server = new IoUringServer(config, Services.UPPER);
          Socket client = Clients.connect(server.address())) {
        client.getOutputStream().write('a');
        assertThat(client.getInputStream().read()).isEqualTo('A');
        address = server.address();
      }
    }
  }
}
