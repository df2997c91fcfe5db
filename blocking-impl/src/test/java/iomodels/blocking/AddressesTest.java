package iomodels.blocking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Responder;
import iomodels.service.Services;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests addresses that cannot be used, and the largest datagram over IPv6. */
@Timeout(60)
class AddressesTest {

  private static final InetSocketAddress NOWHERE =
      InetSocketAddress.createUnresolved("nowhere.invalid", 0);

  static Stream<ServerProvider> models() {
    return Stream.of(
        new SequentialProvider(),
        new ThreadPerConnectionProvider(),
        new PoolProvider(),
        new VirtualThreadProvider(),
        new PreforkProvider());
  }

  @ParameterizedTest
  @MethodSource("models")
  void anUnknownHostCausesABindException(ServerProvider model) {
    assertThatThrownBy(() -> model.start(ServerConfig.at(NOWHERE), Services.UPPER).close())
        .isInstanceOf(BindException.class)
        .hasMessageContaining("unknown");
  }

  @Test
  void anAddressOfAnotherFamilyCausesABindException() throws Exception {
    InetSocketAddress ipv6 = new InetSocketAddress(InetAddress.ofLiteral("::1"), 0);
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.INET)) {
      assertThatThrownBy(() -> Sockets.bind(listener, ipv6, 1))
          .isInstanceOf(BindException.class)
          .hasMessageContaining("no IPv6");
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void theLargestDatagramOverIpv6IsAnsweredInFull(ServerProvider model) throws Exception {
    InetAddress loopback = InetAddress.ofLiteral("::1");
    assumeTrue(hasIpv6(loopback), "this machine has no IPv6");
    ServerConfig config = ServerConfig.at(new InetSocketAddress(loopback, 0)).withDatagrams(true);
    byte[] request = new byte[Responder.MAX_DATAGRAM];
    Arrays.fill(request, (byte) 'a');
    byte[] reply = new byte[Responder.MAX_DATAGRAM + 1];
    DatagramPacket received = new DatagramPacket(reply, reply.length);
    try (Server server = model.start(config, Services.UPPER);
        DatagramSocket client = new DatagramSocket(0, loopback)) {
      client.setSoTimeout(30_000);
      client.send(new DatagramPacket(request, request.length, server.address()));
      client.receive(received);
    }
    Arrays.fill(request, (byte) 'A');
    assertThat(Arrays.copyOf(reply, received.getLength())).isEqualTo(request);
  }

  private static boolean hasIpv6(InetAddress loopback) {
    try (ServerSocket _ = new ServerSocket(0, 1, loopback)) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
