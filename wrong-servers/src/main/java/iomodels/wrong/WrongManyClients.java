package iomodels.wrong;

import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Servers that break the rules on many clients: section 6. */
final class WrongManyClients {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "awaits-the-first-request",
              "6.01",
              "Waits for a client's first request before it accepts the next client.",
              "nothing came for",
              WrongManyClients::awaitsTheFirstRequest),
          WrongServer.of(
              "pool-of-64",
              "6.02",
              "Serves lines with 64 threads; a client that has sent half a line occupies one.",
              "nothing came for",
              WrongManyClients::poolOf64),
          WrongServer.of(
              "table-of-128-clients",
              "6.03",
              "Keeps its clients in a table of 128 entries, so the 129th receives the replies to"
                  + " the first.",
              "REQUEST ",
              WrongManyClients::tableOf128Clients),
          WrongServer.of(
              "one-buffer-for-all",
              "6.03",
              "Sends from one buffer that all connections share.",
              "REQUEST ",
              WrongManyClients::oneBufferForAll),
          WrongServer.of(
              "large-replies-first",
              "6.04",
              "Delays a small reply by 120 ms while it sends a large one.",
              "a reply beside a flooder within",
              WrongManyClients::largeRepliesFirst),
          WrongServer.sequential(
              "turns-the-queue-away",
              "6.05",
              "Sends \"busy\" to a client that has waited for 100 ms, and closes the connection.",
              "\"busy",
              WrongManyClients::turnsTheQueueAway),
          WrongServer.of(
              "leaks-a-slot",
              "6.06",
              "Has 1,000 slots for clients, and never releases one.",
              "client 1,001 of 2,000",
              WrongManyClients::leaksASlot),
          WrongServer.of(
              "ten-at-once",
              "6.07",
              "Serves ten clients at the same time, and declares no limit.",
              "client 11 of 1,000 at once",
              WrongManyClients::tenAtOnce),
          WrongServer.of(
              "five-hundred-at-once",
              "6.07",
              "Serves at most 500 clients at the same time, and declares no limit.",
              "client 501 of 1,000 at once",
              WrongManyClients::fiveHundredAtOnce));

  private WrongManyClients() {}

  private static CorrectServer awaitsTheFirstRequest(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      SocketChannel accept() throws IOException {
        while (listener.isOpen() && conversations.keySet().stream().anyMatch(this::isSilent)) {
          pause();
        }
        return super.accept();
      }

      private boolean isSilent(Conversation it) {
        return !it.hasReceived;
      }
    };
  }

  private static CorrectServer poolOf64(ServerConfig config, Service service) throws IOException {
    return new CorrectServer(config, service) {
      private final Semaphore threads =
          new Semaphore(service.equals(Services.LINES) ? 64 : Integer.MAX_VALUE);

      @Override
      void converse(Conversation it) throws IOException, InterruptedException {
        threads.acquire();
        try {
          super.converse(it);
        } finally {
          threads.release();
        }
      }
    };
  }

  private static CorrectServer tableOf128Clients(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final SocketChannel[] table = new SocketChannel[128];
      private final AtomicInteger accepted = new AtomicInteger();
      private final Map<SocketChannel, Integer> places = new ConcurrentHashMap<>();

      @Override
      SocketChannel accept() throws IOException {
        SocketChannel channel = super.accept();
        int place = accepted.getAndIncrement() % table.length;
        table[place] = channel;
        places.put(channel, place);
        return channel;
      }

      @Override
      void send(Conversation it) throws IOException {
        while (it.out.hasRemaining()) {
          it.bytesSent += table[places.getOrDefault(it.channel, 0)].write(it.out);
        }
      }
    };
  }

  private static CorrectServer largeRepliesFirst(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        boolean small = it.progress != Progress.OVERFLOW && it.out.hasRemaining();
        if (small && conversations.keySet().stream().anyMatch(this::isLarge)) {
          TimeUnit.MILLISECONDS.sleep(120);
        }
        super.send(it);
      }

      private boolean isLarge(Conversation other) {
        return other.progress == Progress.OVERFLOW;
      }
    };
  }

  private static CorrectServer turnsTheQueueAway(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Semaphore only = new Semaphore(1);

      @Override
      void converse(Conversation it) throws IOException, InterruptedException {
        if (!only.tryAcquire(100, TimeUnit.MILLISECONDS)) {
          it.channel.write(ByteBuffer.wrap("busy\n".getBytes(US_ASCII)));
          finish(it);
          return;
        }
        try {
          super.converse(it);
        } finally {
          only.release();
        }
      }
    };
  }

  private static CorrectServer leaksASlot(ServerConfig config, Service service) throws IOException {
    return new CorrectServer(config, service) {
      private final Semaphore slots = new Semaphore(1000);

      @Override
      void converse(Conversation it) throws IOException, InterruptedException {
        slots.acquire();
        super.converse(it);
      }
    };
  }

  private static CorrectServer tenAtOnce(ServerConfig config, Service service) throws IOException {
    return limited(config, service, 10);
  }

  private static CorrectServer fiveHundredAtOnce(ServerConfig config, Service service)
      throws IOException {
    return limited(config, service, 500);
  }

  private static CorrectServer limited(ServerConfig config, Service service, int most)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      SocketChannel accept() throws IOException {
        while (listener.isOpen() && conversations.size() >= most) {
          pause();
        }
        return super.accept();
      }
    };
  }

  private static CorrectServer oneBufferForAll(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final ByteBuffer shared = ByteBuffer.allocateDirect(Conversation.CAPACITY);

      @Override
      void send(Conversation it) throws IOException {
        int length = it.out.remaining();
        shared.put(0, it.out, it.out.position(), length);
        it.out.position(it.out.limit());
        ByteBuffer unsent = shared.duplicate().clear().limit(length);
        while (unsent.hasRemaining()) {
          it.bytesSent += it.channel.write(unsent);
        }
      }
    };
  }
}
