package iomodels.program;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgramConfigTest {

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, 127.0.0.1",
    "127.0.0.1, 0.0.0.0",
    "0.0.0.0, 127.0.0.1",
    "0.0.0.0, 127.0.0.2",
    "0.0.0.0, 0.0.0.0",
    "::, 127.0.0.1",
    "::, ::1",
    "::1, ::1"
  })
  void anUpstreamThatIsTheRelayItselfIsRefused(String listening, String upstream) {
    assertThatThrownBy(() -> demand(listening, upstream, 4711))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(":4711 is this program itself");
  }

  @ParameterizedTest
  @CsvSource({"127.0.0.1, 127.0.0.2, 4711", "0.0.0.0, 127.0.0.1, 4712", "::, 192.0.2.1, 4711"})
  void anotherAddressIsAccepted(String listening, String upstream, int port) {
    assertThatCode(() -> demand(listening, upstream, port)).doesNotThrowAnyException();
  }

  @Test
  void everyAddressOfThisMachineIsRefusedForTheWildcardAddress() throws IOException {
    for (InetAddress own :
        NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses).toList()) {
      assertThatThrownBy(() -> demand("0.0.0.0", own.getHostAddress(), 4711))
          .hasMessageContaining("itself");
    }
  }

  @Test
  void anUnresolvedNameIsAccepted() {
    ProgramConfig config =
        ProgramConfig.onLoopback(List.of(InetSocketAddress.createUnresolved("nowhere", 4711)));

    assertThatCode(() -> config.demandUpstreamElsewhere(config.address()))
        .doesNotThrowAnyException();
  }

  private static void demand(String listening, String upstream, int port) throws IOException {
    ProgramConfig.onLoopback(List.of(address(upstream, port)))
        .demandUpstreamElsewhere(address(listening, 4711));
  }

  private static InetSocketAddress address(String literal, int port) throws IOException {
    return new InetSocketAddress(InetAddress.getByName(literal), port);
  }
}
