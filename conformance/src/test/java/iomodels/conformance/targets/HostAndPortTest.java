package iomodels.conformance.targets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostAndPortTest {

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:80, 127.0.0.1, 80",
    "example.org:65535, example.org, 65535",
    "[::1]:8080, ::1, 8080",
    "[2001:db8::7]:1, 2001:db8::7, 1"
  })
  void readsAndWritesHostAndPort(String text, String host, int port) {
    HostAndPort read = HostAndPort.parse(text);

    assertThat(read).isEqualTo(new HostAndPort(host, port));
    assertThat(read).hasToString(text);
  }

  @Test
  void aPortAloneIsOnLoopback() {
    assertThat(HostAndPort.parse("8080")).isEqualTo(new HostAndPort("127.0.0.1", 8080));
    assertThatThrownBy(() -> HostAndPort.parse("70000"))
        .hasMessageContaining("port 70000 is out of range");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          here                | 'here' is not HOST:PORT
          :80                 | ':80' is not HOST:PORT
          here:               | '' is not a port
          here:http           | 'http' is not a port
          here:99999999999    | port 99999999999 is out of range; it is 1 to 65535
          here:0              | port 0 is out of range
          ::1                 | write an IPv6 address in brackets, such as [::1]:8080
          ::1:8080            | write an IPv6 address in brackets
          [::1]               | has no port
          [::1]8080           | write an IPv6 address in brackets
          [127.0.0.1]:80      | '127.0.0.1' is not an IPv6 address
          [::zz]:80           | '::zz' is not an IPv6 address
          [fe80::1%nope0]:80  | there is no network interface 'nope0'
          a b:80              | 'a b' is not a host
          """)
  void refusesAnythingElseWithTheMend(String text, String mend) {
    assertThatThrownBy(() -> HostAndPort.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(mend);
  }

  @ParameterizedTest
  @ValueSource(strings = {"::1", "[::1]"})
  void aHostAloneNeedsNoBrackets(String text) {
    assertThat(HostAndPort.host(text)).isEqualTo("::1");
  }

  /** The examples of RFC 5952. */
  @ParameterizedTest
  @CsvSource({
    "0:0:0:0:0:0:0:0, ::",
    "0:0:0:0:0:0:0:1, ::1",
    "2001:0DB8:0:0:0:0:2:1, 2001:db8::2:1",
    "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
    "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
    "1:2:3:4:5:6:0:0, 1:2:3:4:5:6::",
    "127.0.0.1, 127.0.0.1"
  })
  void writesAddressesInTheirShortForm(String address, String shortForm) {
    assertThat(HostAndPort.write(InetAddress.ofLiteral(address))).isEqualTo(shortForm);
  }

  @ParameterizedTest
  @CsvSource({"::1, [::1]:80", "127.0.0.1, 127.0.0.1:80"})
  void writesAPortBehindAnAddress(String address, String both) {
    assertThat(HostAndPort.write(new InetSocketAddress(InetAddress.ofLiteral(address), 80)))
        .isEqualTo(both);
    assertThat(HostAndPort.numeric(new InetSocketAddress(InetAddress.ofLiteral(address), 80)))
        .isEqualTo(both);
  }
}
