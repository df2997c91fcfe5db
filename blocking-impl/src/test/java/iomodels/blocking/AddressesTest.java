package iomodels.blocking;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iomodels.program.ProgramConfig;
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
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.util.Arrays;
import java.util.List;
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
  void anUnknownHostCausesABindExceptionInPrograms() {
    ProgramConfig config = ProgramConfig.onLoopback(List.of()).at(NOWHERE);
    assertThatThrownBy(() -> VirtualChat.start(config).close()).isInstanceOf(BindException.class);
    assertThatThrownBy(() -> VirtualRelay.start(config).close()).isInstanceOf(BindException.class);
    assertThatThrownBy(() -> VirtualGather.start(config).close()).isInstanceOf(BindException.class);
    assertThatThrownBy(() -> VirtualOffload.start(config).close())
        .isInstanceOf(BindException.class);
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

  @Test
  void relayResetsAClientIfTheUpstreamIsUnknown() throws Exception {
    try (Server relay = VirtualRelay.start(ProgramConfig.onLoopback(List.of(NOWHERE)))) {
      for (int i = 0; i < 2; i++) {
        try (Socket client = new Socket(relay.address().getAddress(), relay.address().getPort())) {
          assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(IOException.class);
        }
      }
    }
  }

  @Test
  void gatherAnswersFailedForAnUnknownBackend() throws Exception {
    try (Server gather = VirtualGather.start(ProgramConfig.onLoopback(List.of(NOWHERE)));
        Socket client = new Socket(gather.address().getAddress(), gather.address().getPort())) {
      client.getOutputStream().write("all x\nfirst x\n".getBytes(US_ASCII));
      client.shutdownOutput();
      assertThat(client.getInputStream().readAllBytes()).asString().isEqualTo("failed\nfailed\n");
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
