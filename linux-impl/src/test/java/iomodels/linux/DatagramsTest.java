package iomodels.linux;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Responder;
import iomodels.service.Services;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class DatagramsTest {

  static List<ServerProvider> providers() {
    return Models.available();
  }

  /** Tests a server on one address, and on the wildcard address for IPv4 and IPv6 (dual-stack). */
  @ParameterizedTest
  @MethodSource("providers")
  void theLargestDatagramAndTheNextAreAnsweredInFull(ServerProvider provider) throws Exception {
    assumeIpv6();
    for (String host : List.of("::1", "::")) {
      try (Server server = start(provider, host);
          DatagramSocket client = client("::1")) {
        exchange(client, "::1", server, Responder.MAX_DATAGRAM);
        exchange(client, "::1", server, 0);
        exchange(client, "::1", server, 100);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void theReplyComesFromTheAddressOfTheRequest(ServerProvider provider) throws Exception {
    try (Server server = start(provider, "0.0.0.0");
        DatagramSocket client = client("127.0.0.1")) {
      for (String host : List.of("127.0.0.2", "127.0.0.1", "127.5.6.7")) {
        exchange(client, host, server, Responder.MAX_DATAGRAM_IPV4);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void theReplyComesFromTheAddressOfTheRequestOverBothProtocols(ServerProvider provider)
      throws Exception {
    assumeIpv6();
    try (Server server = start(provider, "::");
        DatagramSocket four = client("127.0.0.1");
        DatagramSocket six = client("::1")) {
      exchange(four, "127.0.0.2", server, 100);
      exchange(six, "::1", server, 100);
      exchange(four, "127.0.0.3", server, 100);
    }
  }

  private static Server start(ServerProvider provider, String host) throws IOException {
    InetSocketAddress address = new InetSocketAddress(InetAddress.ofLiteral(host), 0);
    return provider.start(ServerConfig.at(address).withDatagrams(true), Services.UPPER);
  }

  private static DatagramSocket client(String host) throws IOException {
    DatagramSocket client = new DatagramSocket(0, InetAddress.ofLiteral(host));
    client.setSoTimeout(Clients.TIMEOUT_MILLIS);
    return client;
  }

  /** The client is not connected, so it receives replies from any address. */
  private static void exchange(DatagramSocket client, String host, Server server, int length)
      throws IOException {
    byte[] sent = new byte[length];
    Arrays.fill(sent, (byte) 'a');
    InetAddress address = InetAddress.ofLiteral(host);
    client.send(new DatagramPacket(sent, length, address, server.address().getPort()));
    DatagramPacket reply = new DatagramPacket(new byte[length + 1], length + 1);
    client.receive(reply);
    assertThat(reply.getAddress()).isEqualTo(address);
    assertThat(new String(reply.getData(), 0, reply.getLength(), US_ASCII))
        .isEqualTo(new String(sent, US_ASCII).toUpperCase(Locale.ROOT));
  }

  private static void assumeIpv6() throws IOException {
    InetAddress loopback = InetAddress.ofLiteral("::1");
    assumeThat(NetworkInterface.getByInetAddress(loopback))
        .as("this machine has the address ::1")
        .isNotNull();
  }
}
