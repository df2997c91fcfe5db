package iomodels.nio;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.server.ServerConfig;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Services;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
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

  @ParameterizedTest
  @MethodSource("providers")
  void aModelReportsAnUnknownHost(ServerProvider provider) {
    assertThatThrownBy(() -> provider.start(ServerConfig.at(UNKNOWN), Services.UPPER))
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
}
