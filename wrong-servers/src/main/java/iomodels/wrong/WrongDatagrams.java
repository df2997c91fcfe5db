package iomodels.wrong;

import iomodels.server.ServerConfig;
import iomodels.server.spi.Capability;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Servers that break the rules on datagrams: section 7. */
final class WrongDatagrams {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "answers-a-repeated-datagram-twice",
              "7.01",
              "Answers a datagram twice if it equals the previous one.",
              "no further datagram",
              WrongDatagrams::answersARepeatedDatagramTwice),
          WrongServer.of(
              "ignores-empty-datagrams",
              "7.02",
              "Ignores empty datagrams.",
              "a datagram of 0 bytes",
              WrongDatagrams::ignoresEmptyDatagrams),
          WrongServer.of(
              "truncates-at-16-kib",
              "7.03",
              "Truncates datagrams to 16 KiB.",
              "differs at byte 16,384",
              WrongDatagrams::truncatesAt16Kib),
          WrongServer.of(
              "sends-the-whole-buffer",
              "7.03",
              "Adds the rest of the longest datagram so far to each shorter reply.",
              "differs at byte",
              WrongDatagrams::sendsTheWholeBuffer),
          WrongServer.of(
              "answers-from-another-port",
              "7.04",
              "Opens a new socket for each reply, and so answers from another port.",
              "it came from",
              WrongDatagrams::answersFromAnotherPort),
          WrongServer.of(
              "answers-the-sender-before",
              "7.04",
              "Sends every seventh reply to the sender of the datagram before.",
              "a datagram of",
              WrongDatagrams::answersTheSenderBefore),
          WrongServer.of(
              "answers-the-sender-before-at-times",
              "7.04",
              "Sends every two-hundredth reply to the sender of the datagram before.",
              "where 16 senders send at the same time",
              WrongDatagrams::answersTheSenderBeforeAtTimes),
          WrongServer.of(
              "dies-of-a-vanished-sender",
              "7.05",
              "Connects to the sender, and ends its receive loop at ICMP port unreachable.",
              "no reply came to 5 requests",
              WrongDatagrams::diesOfAVanishedSender),
          WrongServer.of(
              "takes-ipv6-for-ipv4",
              "7.06",
              "Truncates datagrams to the maximum length of IPv4.",
              "differs at byte 65,507",
              WrongDatagrams::takesIpv6ForIpv4),
          WrongServer.claiming(
              EnumSet.allOf(Capability.class),
              "leaves-the-address-to-the-kernel",
              "7.07",
              "Lets the kernel choose the source address of its replies.",
              "it came from",
              CorrectServer::new),
          WrongServer.claiming(
              EnumSet.allOf(Capability.class),
              "answers-from-the-address-asked-first",
              "7.07",
              "Answers all datagrams of a client from the address to which it has sent the first"
                  + " one.",
              "one client that asks 127.0.0.1",
              WrongDatagrams::answersFromTheAddressAskedFirst),
          WrongServer.of(
              "sixteen-datagrams-at-a-time",
              "7.01",
              "Answers at most sixteen datagrams each time it wakes up; the others wait for the"
                  + " next one.",
              "of them waited until the next datagram",
              WrongDatagrams::sixteenAtATime),
          WrongServer.of(
              "limits-the-rate",
              "7.01",
              "Answers at most a hundred datagrams of a client in a second.",
              "datagrams that one client sends in turn",
              WrongDatagrams::limitsTheRate),
          WrongServer.of(
              "strips-datagrams",
              "7.08",
              "Removes line ends and blanks at the end of a datagram.",
              "a blank alone: expected",
              WrongDatagrams::stripsDatagrams),
          WrongServer.of(
              "datagrams-as-c-strings",
              "7.08",
              "Ends the reply at the first NUL of a datagram.",
              "every byte value: expected",
              WrongDatagrams::datagramsAsCStrings),
          WrongServer.of(
              "ignores-repeated-requests",
              "7.09",
              "Takes an equal datagram of the same sender for a retransmission, and ignores it.",
              "two equal datagrams of one sender",
              WrongDatagrams::ignoresRepeatedRequests),
          WrongServer.of(
              "answers-the-latest-sender",
              "7.09",
              "Keeps the address of the latest sender, and answers it a little later.",
              "two senders at the same time",
              WrongDatagrams::answersTheLatestSender),
          WrongServer.of(
              "ignores-empty-requests",
              "7.09",
              "Does not answer an empty datagram of the service fixed.",
              "a datagram of 0 bytes",
              WrongDatagrams::ignoresEmptyRequests),
          WrongServer.of(
              "constant-per-line",
              "7.09",
              "Answers a datagram to the service fixed once for each of its lines.",
              "no further datagram",
              WrongDatagrams::constantPerLine));

  private static final int CAPACITY = 16 * 1024;

  private WrongDatagrams() {}

  private static CorrectServer answersTheLatestSender(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private volatile SocketAddress latest = config.address();

      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) {
        latest = sender;
        ByteBuffer copy = ByteBuffer.allocate(reply.remaining()).put(reply).flip();
        Thread.startVirtualThread(
            () -> {
              pause();
              try {
                super.answer(latest, datagram, copy);
              } catch (IOException _) {
                // The server has stopped.
              }
            });
      }
    };
  }

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
          TimeUnit.MILLISECONDS.sleep(10); // time for the sender to vanish
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

  private static CorrectServer sendsTheWholeBuffer(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private byte[] buffer = new byte[0];

      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        if (reply.remaining() >= buffer.length) {
          buffer = new byte[reply.remaining()];
        }
        reply.get(buffer, 0, reply.remaining());
        super.answer(sender, datagram, ByteBuffer.wrap(buffer));
      }
    };
  }

  private static CorrectServer answersTheSenderBefore(ServerConfig config, Service service)
      throws IOException {
    return answersTheSenderBefore(config, service, 7);
  }

  private static CorrectServer answersTheSenderBeforeAtTimes(ServerConfig config, Service service)
      throws IOException {
    return answersTheSenderBefore(config, service, 200);
  }

  private static CorrectServer answersTheSenderBefore(
      ServerConfig config, Service service, int every) throws IOException {
    return new CorrectServer(config, service) {
      private SocketAddress before = config.address();
      private int count;

      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        count++;
        super.answer(count % every == 0 ? before : sender, datagram, reply);
        before = sender;
      }
    };
  }

  private static CorrectServer answersFromTheAddressAskedFirst(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final List<DatagramChannel> channels = new ArrayList<>();
      private final Map<SocketAddress, DatagramChannel> first = new ConcurrentHashMap<>();

      @Override
      void bind() throws IOException {
        datagrams.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        super.bind();
        if (config.datagrams() && config.address().getAddress().isAnyLocalAddress()) {
          List<String> hosts = new ArrayList<>(List.of("127.0.0.1", "127.0.0.2", "127.1.2.3"));
          if (config.address().getAddress() instanceof Inet6Address) {
            hosts.add("::1");
          }
          for (String host : hosts) {
            bind(InetAddress.ofLiteral(host), service.datagrams().orElseThrow());
          }
        }
      }

      // A socket of its own for each address, so that its replies come from there.
      private void bind(InetAddress host, Responder responder) throws IOException {
        DatagramChannel channel = DatagramChannel.open();
        channels.add(channel);
        channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        channel.bind(new InetSocketAddress(host, address().getPort()));
        Thread.ofVirtual().start(() -> answerAll(channel, responder));
      }

      private void answerAll(DatagramChannel channel, Responder responder) {
        ByteBuffer datagram = ByteBuffer.allocate(Responder.MAX_DATAGRAM);
        ByteBuffer reply = ByteBuffer.allocate(Responder.MAX_DATAGRAM);
        while (channel.isOpen()) {
          try {
            SocketAddress sender = channel.receive(datagram.clear());
            responder.reply(datagram.flip(), reply.clear());
            first.computeIfAbsent(sender, _ -> channel).send(reply.flip(), sender);
          } catch (IOException _) {
            pause(); // closed, or the sender is unreachable
          }
        }
      }

      @Override
      void refuse() {
        channels.forEach(CorrectServer::closeQuietly);
        super.refuse();
      }
    };
  }

  private static CorrectServer stripsDatagrams(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        while (reply.hasRemaining() && isBlank(reply.get(reply.limit() - 1))) {
          reply.limit(reply.limit() - 1);
        }
        super.answer(sender, datagram, reply);
      }
    };
  }

  private static boolean isBlank(byte octet) {
    return octet == ' ' || (octet >= '\t' && octet <= '\r');
  }

  private static CorrectServer datagramsAsCStrings(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        for (int i = 0; i < reply.limit(); i++) {
          if (reply.get(i) == 0) {
            reply.limit(i);
          }
        }
        super.answer(sender, datagram, reply);
      }
    };
  }

  private static CorrectServer ignoresEmptyRequests(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        if (!service.equals(Services.FIXED) || datagram.hasRemaining()) {
          super.answer(sender, datagram, reply);
        }
      }
    };
  }

  private static CorrectServer constantPerLine(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        super.answer(sender, datagram, reply);
        for (int i = 0; service.equals(Services.FIXED) && i < datagram.limit() - 1; i++) {
          if (datagram.get(i) == '\n') {
            super.answer(sender, datagram, reply.rewind());
          }
        }
      }
    };
  }

  private static CorrectServer ignoresRepeatedRequests(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<SocketAddress, ByteBuffer> last = new ConcurrentHashMap<>();

      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        ByteBuffer copy = ByteBuffer.allocate(datagram.remaining()).put(datagram).flip();
        if (!copy.equals(last.put(sender, copy))) {
          super.answer(sender, datagram, reply);
        }
      }
    };
  }

  private static CorrectServer sixteenAtATime(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Queue<Pending> queue = new ArrayDeque<>();
      private long last;
      private int left;

      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        queue.add(new Pending(sender, ByteBuffer.allocate(reply.remaining()).put(reply).flip()));
        boolean wakesUp = System.nanoTime() - last > TimeUnit.MILLISECONDS.toNanos(1);
        last = System.nanoTime();
        left = wakesUp ? 16 : left;
        while (left > 0 && !queue.isEmpty()) {
          left--;
          super.answer(queue.element().sender, datagram, queue.remove().reply);
        }
      }
    };
  }

  private record Pending(SocketAddress sender, ByteBuffer reply) {}

  private static CorrectServer limitsTheRate(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<SocketAddress, Integer> answered = new ConcurrentHashMap<>();
      private long second;

      @Override
      void answer(SocketAddress sender, ByteBuffer datagram, ByteBuffer reply) throws IOException {
        long now = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
        if (now != second) {
          second = now;
          answered.clear();
        }
        if (answered.merge(sender, 1, Integer::sum) <= 100) {
          super.answer(sender, datagram, reply);
        }
      }
    };
  }
}
