package iomodels.wrong;

import iomodels.server.ServerConfig;
import iomodels.server.spi.Capability;
import iomodels.service.Service;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Wrong about datagrams: section 7. */
final class WrongDatagrams {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "answers-a-repeated-datagram-twice",
              "7.01",
              "Answers a datagram that is like the one before it a second time.",
              "no further datagram",
              WrongDatagrams::answersARepeatedDatagramTwice),
          WrongServer.of(
              "ignores-empty-datagrams",
              "7.02",
              "Takes an empty datagram for nothing at all.",
              "a datagram of 0 bytes",
              WrongDatagrams::ignoresEmptyDatagrams),
          WrongServer.of(
              "truncates-at-16-kib",
              "7.03",
              "Has a buffer of 16 KiB for datagrams, and drops what does not fit.",
              "differs at byte 16,384",
              WrongDatagrams::truncatesAt16Kib),
          WrongServer.of(
              "answers-from-another-port",
              "7.04",
              "Opens a socket of its own for each reply.",
              "it came from",
              WrongDatagrams::answersFromAnotherPort),
          WrongServer.of(
              "dies-of-a-vanished-sender",
              "7.05",
              "Connects to the sender, and lets an ICMP port unreachable end the loop.",
              "no reply came to 5 requests",
              WrongDatagrams::diesOfAVanishedSender),
          WrongServer.of(
              "takes-ipv6-for-ipv4",
              "7.06",
              "Has a buffer for the largest datagram of IPv4, and cuts off what is longer.",
              "differs at byte 65,507",
              WrongDatagrams::takesIpv6ForIpv4),
          WrongServer.claiming(
              EnumSet.allOf(Capability.class),
              "leaves-the-address-to-the-kernel",
              "7.07",
              "Does not tell the kernel from which address to answer.",
              "it came from",
              CorrectServer::new));

  private static final int CAPACITY = 16 * 1024;

  private WrongDatagrams() {}

  private static CorrectServer answersARepeatedDatagramTwice(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private ByteBuffer last = ByteBuffer.allocate(0);

      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        super.answer(sender, datagram, reply);
        if (datagram.equals(last)) {
          super.answer(sender, datagram, reply.rewind());
        }
        last = ByteBuffer.allocate(datagram.remaining()).put(datagram).flip();
      }
    };
  }

  private static CorrectServer ignoresEmptyDatagrams(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        if (datagram.hasRemaining()) {
          super.answer(sender, datagram, reply);
        }
      }
    };
  }

  private static CorrectServer truncatesAt16Kib(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        super.answer(sender, datagram, reply.limit(Math.min(reply.limit(), CAPACITY)));
      }
    };
  }

  private static CorrectServer takesIpv6ForIpv4(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        super.answer(sender, datagram, reply.limit(Math.min(reply.limit(), 65_507)));
      }
    };
  }

  private static CorrectServer answersFromAnotherPort(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        try (DatagramChannel another = DatagramChannel.open()) {
          another.send(reply, sender);
        }
      }
    };
  }

  private static CorrectServer diesOfAVanishedSender(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        datagrams.connect(sender);
        try {
          TimeUnit.MILLISECONDS.sleep(10); // work to do, while the sender may vanish
          datagrams.write(reply);
          datagrams.configureBlocking(false);
          datagrams.read(ByteBuffer.allocate(1));
          datagrams.configureBlocking(true);
        } catch (PortUnreachableException e) {
          throw new UncheckedIOException(e);
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
        }
        datagrams.disconnect();
      }
    };
  }
}
