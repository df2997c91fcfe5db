package iomodels.nio;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider.Page;
import iomodels.service.Services;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests addresses for which NIO throws unchecked exceptions: they are reported as IOExceptions. */
@Timeout(60)
class UnusableAddressTest {

  private static final InetSocketAddress UNKNOWN =
      InetSocketAddress.createUnresolved("no.such.host.invalid", 1);

  static List<ServerProvider> providers() {
    return ServerProvider.installed();
  }

  static List<Page> pages() {
    return new SelectorStyle().pages();
  }

  @ParameterizedTest
  @MethodSource("providers")
  void aModelReportsAnUnknownHost(ServerProvider provider) {
    assertThatThrownBy(() -> provider.start(ServerConfig.at(UNKNOWN), Services.UPPER))
        .isInstanceOf(IOException.class)
        .hasMessage("unknown host no.such.host.invalid; check its name");
  }

  @ParameterizedTest
  @MethodSource("pages")
  void aProgramReportsAnUnknownHost(Page page) {
    ProgramConfig config = ProgramConfig.onLoopback(List.of(UNKNOWN)).at(UNKNOWN);
    assertThatThrownBy(() -> page.starter().start(config).close())
        .isInstanceOf(IOException.class)
        .hasMessage("unknown host no.such.host.invalid; check its name");
  }

  @Test
  void anAddressOfAnotherFamilyCausesAnIoException() throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.INET)) {
      InetSocketAddress address = new InetSocketAddress(InetAddress.ofLiteral("::1"), 1);
      assertThatThrownBy(() -> Network.with(address, channel::connect))
          .isInstanceOf(IOException.class)
          .hasMessage("IPv6 is not available for 0:0:0:0:0:0:0:1; choose an IPv4 address");
    }
  }

  @Test
  void relayResetsEachClientAndContinues() throws IOException {
    try (Server server = SelectorRelay.start(ProgramConfig.onLoopback(List.of(UNKNOWN)))) {
      for (int i = 0; i < 3; i++) {
        try (Socket client = connect(server)) {
          assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(IOException.class);
        }
      }
      assertThat(server.terminated()).isNotDone();
    }
  }

  @Test
  void gatherAnswersFailedForAnUnknownBackend() throws IOException {
    try (Server server = SelectorGather.start(ProgramConfig.onLoopback(List.of(UNKNOWN)));
        Socket client = connect(server)) {
      client.getOutputStream().write("all x\nfirst x\n".getBytes(US_ASCII));
      client.shutdownOutput();
      BufferedReader answers =
          new BufferedReader(new InputStreamReader(client.getInputStream(), US_ASCII));
      assertThat(answers.lines()).containsExactly("failed", "failed");
    }
  }

  private static Socket connect(Server server) throws IOException {
    Socket client = new Socket(server.address().getAddress(), server.address().getPort());
    client.setSoTimeout(30_000);
    return client;
  }
}
