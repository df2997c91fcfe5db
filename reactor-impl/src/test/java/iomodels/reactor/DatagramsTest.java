package iomodels.reactor;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class DatagramsTest {

  /** The largest payload over IPv6: 65,535 bytes minus 8 for the UDP header. */
  private static final int LARGEST = 65_527;

  /** Echoes datagrams, but throws at a datagram of one byte. */
  private record FailsAtOneByte(Service upper) implements Service {

    @Override
    public String name() {
      return "fails-at-one-byte";
    }

    @Override
    public Session open() {
      return upper.open();
    }

    @Override
    public Optional<Responder> datagrams() {
      return Optional.of(
          (datagram, out) -> {
            if (datagram.remaining() == 1) {
              throw new IllegalStateException("one byte");
            }
            out.put(datagram);
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void aFailureAffectsOneDatagramOnly(Transport transport) throws IOException {
    ServerConfig config = ServerConfig.onLoopback().withDatagrams(true);
    try (Server server =
            new ReactorNettyServer(config, new FailsAtOneByte(Services.UPPER), transport);
        DatagramSocket socket = connect(server)) {
      for (int i = 0; i < 3; i++) {
        send(socket, "x".getBytes(US_ASCII));
        send(socket, "ab".getBytes(US_ASCII));
        assertEquals("ab", new String(receive(socket), US_ASCII));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theLargestDatagramOverIpv6IsAnsweredWhole(Transport transport) throws IOException {
    ServerConfig config =
        ServerConfig.at(new InetSocketAddress(InetAddress.ofLiteral("::1"), 0)).withDatagrams(true);
    try (Server server = new ReactorNettyServer(config, Services.UPPER, transport);
        DatagramSocket socket = connect(server)) {
      byte[] sent = new byte[LARGEST];
      Arrays.fill(sent, (byte) 'X');
      send(socket, sent);
      assertArrayEquals(sent, receive(socket));
    } catch (IOException e) {
      assumeTrue(e.getMessage() == null || !e.getMessage().contains("not supported"), "no IPv6");
      throw e;
    }
  }

  private static DatagramSocket connect(Server server) throws IOException {
    DatagramSocket socket = new DatagramSocket();
    socket.setSoTimeout(20_000);
    socket.connect(server.address());
    return socket;
  }

  private static void send(DatagramSocket socket, byte[] bytes) throws IOException {
    socket.send(new DatagramPacket(bytes, bytes.length));
  }

  private static byte[] receive(DatagramSocket socket) throws IOException {
    DatagramPacket packet = new DatagramPacket(new byte[65_536], 65_536);
    socket.receive(packet);
    return Arrays.copyOf(packet.getData(), packet.getLength());
  }
}
