package iomodels.blocking.programs;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Programs whose own address, or whose upstream's, is unknown. */
@Timeout(60)
class ProgramAddressesTest {

  private static final InetSocketAddress NOWHERE =
      InetSocketAddress.createUnresolved("nowhere.invalid", 0);

  @Test
  void noProgramStartsAtAnUnknownHost() {
    ProgramConfig config = ProgramConfig.onLoopback(List.of()).at(NOWHERE);
    assertThatThrownBy(() -> VirtualChat.start(config).close()).isInstanceOf(BindException.class);
    assertThatThrownBy(() -> VirtualRelay.start(config).close()).isInstanceOf(BindException.class);
    assertThatThrownBy(() -> VirtualGather.start(config).close()).isInstanceOf(BindException.class);
    assertThatThrownBy(() -> VirtualOffload.start(config).close())
        .isInstanceOf(BindException.class);
  }

  @Test
  void relayResetsAClientWhoseUpstreamHasNoAddress() throws Exception {
    try (Server relay = VirtualRelay.start(ProgramConfig.onLoopback(List.of(NOWHERE)))) {
      for (int i = 0; i < 2; i++) {
        try (Socket client = new Socket(relay.address().getAddress(), relay.address().getPort())) {
          assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(IOException.class);
        }
      }
    }
  }

  @Test
  void gatherReportsABackendWithoutAddressAsFailed() throws Exception {
    try (Server gather = VirtualGather.start(ProgramConfig.onLoopback(List.of(NOWHERE)));
        Socket client = new Socket(gather.address().getAddress(), gather.address().getPort())) {
      client.getOutputStream().write("all x\nfirst x\n".getBytes(US_ASCII));
      client.shutdownOutput();
      assertThat(client.getInputStream().readAllBytes()).asString().isEqualTo("failed\nfailed\n");
    }
  }
}
