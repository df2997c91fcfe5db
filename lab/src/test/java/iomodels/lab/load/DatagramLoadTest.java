package iomodels.lab.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iomodels.service.Services;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DatagramLoadTest {

  private static final Duration ROUND = Duration.ofMillis(200);

  /** Answers datagrams, and does something else with some of them. */
  private static class Server implements AutoCloseable {
    final DatagramSocket socket =
        new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    final AtomicInteger received = new AtomicInteger();

    Server() throws SocketException {
      Thread.ofVirtual().start(this::serve);
    }

    private void serve() {
      byte[] buffer = new byte[1000];
      DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
      try {
        while (true) {
          socket.receive(packet);
          for (int i = 0; i < packet.getLength(); i++) {
            if (buffer[i] >= 'a' && buffer[i] <= 'z') {
              buffer[i] = (byte) (buffer[i] - 0x20);
            }
          }
          answer(packet, received.incrementAndGet());
          packet.setLength(buffer.length);
        }
      } catch (IOException _) {
        // Closed: the test is over.
      }
    }

    @SuppressWarnings("unused") // for those that answer not all alike
    void answer(DatagramPacket packet, int number) throws IOException {
      socket.send(packet);
    }

    Load load(int sockets, int inFlight) {
      return DatagramLoadTest.load(socket, sockets, inFlight);
    }

    @Override
    public void close() {
      socket.close();
    }
  }

  private static Server dropping(IntPredicate dropped) throws SocketException {
    return new Server() {
      @Override
      void answer(DatagramPacket packet, int number) throws IOException {
        if (!dropped.test(number)) {
          super.answer(packet, number);
        }
      }
    };
  }

  @Test
  void everyAnswerIsCounted() throws Exception {
    try (Server server = new Server();
        LoadGenerator generator = LoadGenerators.connect(server.load(3, 4))) {
      LoadResult result = generator.round(ROUND);

      assertThat(result.messages()).isPositive();
      assertThat(result.answered() + result.lost()).isEqualTo(server.received.get());
    }
  }

  @Test
  void whatIsLostIsCountedAndTheRestGoesOn() throws Exception {
    try (Server server = dropping(number -> number == 5);
        LoadGenerator generator = LoadGenerators.connect(server.load(2, 2))) {
      LoadResult result = generator.round(ROUND);

      assertThat(result.lost()).isGreaterThanOrEqualTo(1);
      assertThat(result.answered()).isPositive();
    }
  }

  @Test
  void anOpenLoopKeepsItsRateWhenDatagramsAreLost() throws Exception {
    try (Server server = dropping(number -> true);
        LoadGenerator generator = LoadGenerators.connect(server.load(2, 2).withRate(100))) {
      LoadResult result = generator.round(ROUND);

      assertThat(result.answered()).isZero();
      // What found no place in flight has waited, and is in no round's loss.
      assertThat(result.lost()).isBetween(4L, 20L);
      assertThat(result.lost() + result.histogram().getTotalCount()).isEqualTo(20);
    }
  }

  @Test
  void aReplyThatComesTwiceCountsOnce() throws Exception {
    Server twice =
        new Server() {
          @Override
          void answer(DatagramPacket packet, int number) throws IOException {
            socket.send(packet);
            socket.send(packet);
          }
        };
    try (twice;
        LoadGenerator generator = LoadGenerators.connect(twice.load(1, 2))) {
      LoadResult result = generator.round(ROUND);

      assertThat(result.answered() + result.lost()).isEqualTo(twice.received.get());
    }
  }

  @Test
  void aWrongByteIsAnError() throws Exception {
    Server wrong =
        new Server() {
          @Override
          void answer(DatagramPacket packet, int number) throws IOException {
            packet.getData()[20] ^= (byte) 1;
            socket.send(packet);
          }
        };
    try (wrong;
        LoadGenerator generator = LoadGenerators.connect(wrong.load(1, 1))) {
      assertThatExceptionOfType(LoadException.class)
          .isThrownBy(() -> generator.round(ROUND))
          .withMessage("socket 1 of 1: byte 20 of a reply is wrong");
    }
  }

  private static Load load(DatagramSocket server, int sockets, int inFlight) {
    return Load.of(
            new InetSocketAddress(server.getLocalAddress(), server.getLocalPort()),
            sockets,
            Payload.ofDatagrams(Services.UPPER, 64))
        .withShape(Load.Shape.DATAGRAMS)
        .withInFlight(inFlight)
        .withPatience(Duration.ofMillis(300));
  }

  @Test
  void aPortWithoutAServerIsAnError() throws Exception {
    // Bound, so that no other process can take the port, but connected to another peer.
    try (DatagramSocket deaf = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      deaf.connect(InetAddress.getLoopbackAddress(), 1);
      expectNoServer(load(deaf, 1, 1));
    }
  }

  private static void expectNoServer(Load load) throws Exception {
    try (LoadGenerator generator = LoadGenerators.connect(load)) {
      assertThatExceptionOfType(LoadException.class)
          .isThrownBy(() -> generator.round(ROUND))
          .withMessageContaining("no server listens there");
    }
  }
}
