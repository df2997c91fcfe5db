package iomodels.wrong;

import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Session.Progress;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** Servers that break the rules on closing: section 4. */
final class WrongClosing {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "fin-taken-for-hang-up",
              "4.01",
              "Checks for the client's FIN while it sends, and then drops the rest of the replies.",
              "got FIN after",
              WrongClosing::finTakenForHangUp),
          WrongServer.of(
              "answers-nothing-after-fin",
              "4.01",
              "Drops a request if FIN has arrived behind it.",
              "every client that sent a request and FIN lost something",
              WrongClosing::answersNothingAfterFin),
          WrongServer.of(
              "never-closes",
              "4.02",
              "Leaves the connection open after the client has closed it.",
              "FIN within",
              WrongClosing::neverCloses),
          WrongServer.sequential(
              "dies-of-empty-connections",
              "4.03",
              "Ends its accept loop at the tenth connection without a request.",
              "nothing came for",
              WrongClosing::diesOfEmptyConnections),
          WrongServer.sequential(
              "dies-of-a-reset",
              "4.04",
              "Ends its accept loop when a client resets its connection.",
              "reset",
              WrongClosing::diesOfAReset),
          WrongServer.of(
              "leaks-a-slot-at-a-reset",
              "4.04",
              "Has 128 slots for clients, and does not release that of a client that resets while a"
                  + " reply is pending.",
              "clients that reset while the server was blocked",
              WrongClosing::leaksASlotAtAReset),
          WrongServer.of(
              "closes-with-input-unread",
              "4.05",
              "Closes the connection with unread input.",
              "got Connection reset",
              WrongClosing::closesWithInputUnread),
          WrongServer.of(
              "aborts-at-the-end",
              "4.06",
              "Closes with SO_LINGER set to 0, which discards output that the client has not"
                  + " received.",
              "got Connection reset",
              WrongClosing::abortsAtTheEnd),
          WrongServer.of(
              "waits-three-seconds-for-the-last-reader",
              "4.06",
              "Drops the pending replies if the client does not read them within three seconds of"
                  + " its FIN.",
              "expected a stream of",
              WrongClosing::waitsThreeSecondsForTheLastReader),
          WrongServer.of(
              "closes-half-closed-after-five-seconds",
              "4.06",
              "Closes the connection five seconds after the client's FIN, even if the client has"
                  + " not read its reply yet.",
              "the reply to the count 20,000,000",
              WrongClosing::closesHalfClosed),
          WrongServer.of(
              "lingers-from-the-error",
              "4.06",
              "Limits how long it lingers from the moment at which it finds an error, while replies"
                  + " before it are pending.",
              "an error line behind a long reply",
              WrongClosing::lingersFromTheError),
          WrongServer.of(
              "loses-a-socket-in-five-hundred",
              "4.07",
              "Leaks a socket at every five-hundredth reset.",
              "sockets after all clients have left",
              WrongClosing::losesASocket),
          WrongServer.of(
              "waits-for-a-write-to-nobody",
              "4.07",
              "Waits, when stopped, to deliver replies to clients that have reset.",
              "the server still runs",
              WrongClosing::waitsForAWriteToNobody),
          WrongServer.of(
              "leaves-a-thread-behind",
              "4.08",
              "Leaves a thread waiting for the rest of a line after the client has reset.",
              "threads after all clients have left",
              WrongClosing::leavesAThreadBehind),
          WrongServer.of(
              "closes-after-its-fin",
              "4.09",
              "Sends an error line and FIN, reads what has arrived, and closes.",
              "it answered further input with RST",
              WrongClosing::closesAfterItsFin),
          WrongServer.of(
              "lingers-for-64-kib",
              "4.09",
              "Discards at most 64 KiB after an error line, and closes.",
              "times 100,000 bytes after the refused request",
              WrongClosing::lingersFor64Kib),
          WrongServer.of(
              "lingers-from-the-accept",
              "4.09",
              "Counts the time for which it reads on from the beginning of the connection.",
              "ms old: expected a server that reads on",
              WrongClosing::lingersFromTheAccept),
          WrongServer.of(
              "lingers-forever",
              "4.09",
              "Reads on after an error line until the client's FIN, without a limit.",
              "it still read on",
              WrongClosing::lingersForever));

  private WrongClosing() {}

  private static CorrectServer lingersFromTheAccept(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<Conversation, Long> began = new ConcurrentHashMap<>();

      @Override
      void converse(Conversation it) throws IOException, InterruptedException {
        began.put(it, System.nanoTime());
        try {
          super.converse(it);
        } finally {
          began.remove(it);
        }
      }

      @Override
      void finish(Conversation it) throws IOException, InterruptedException {
        Long start = began.get(it);
        if (start != null && System.nanoTime() - start < config.linger().toNanos()) {
          super.finish(it);
        } else {
          it.channel.shutdownOutput();
        }
      }
    };
  }

  private static CorrectServer finTakenForHangUp(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        if (it.progress == Progress.OVERFLOW && !it.in.hasRemaining()) {
          it.channel.configureBlocking(false);
          boolean open = receive(it);
          it.channel.configureBlocking(true);
          if (!open) {
            throw new EOFException("the client has sent FIN");
          }
        }
        super.send(it);
      }
    };
  }

  private static CorrectServer neverCloses(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void finish(Conversation it) throws InterruptedException {
        Thread.sleep(Long.MAX_VALUE);
      }
    };
  }

  private static CorrectServer diesOfEmptyConnections(ServerConfig config, Service service)
      throws IOException {
    return new SequentialServer(config, service) {
      private int empty;

      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        if (!received && !it.hasReceived && ++empty == 10) {
          throw new IllegalStateException("too many empty requests");
        }
        return received;
      }
    };
  }

  private static CorrectServer diesOfAReset(ServerConfig config, Service service)
      throws IOException {
    return new SequentialServer(config, service) {
      @Override
      void connectionLost(Conversation it, IOException why) {
        throw new UncheckedIOException(why);
      }
    };
  }

  private static CorrectServer abortsAtTheEnd(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void finish(Conversation it) throws IOException {
        it.channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        it.channel.close();
      }
    };
  }

  private static CorrectServer leaksASlotAtAReset(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Semaphore slots = new Semaphore(128);
      private final Set<Conversation> sending = ConcurrentHashMap.newKeySet();

      @Override
      void converse(Conversation it) throws IOException, InterruptedException {
        slots.acquire();
        try {
          super.converse(it);
        } finally {
          if (!sending.remove(it)) {
            slots.release();
          }
        }
      }

      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        sending.add(it);
        super.send(it);
        sending.remove(it);
      }
    };
  }

  private static CorrectServer closesWithInputUnread(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void finish(Conversation it) throws IOException {
        it.channel.close();
      }
    };
  }

  private static CorrectServer losesASocket(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final AtomicInteger resets = new AtomicInteger();
      private final Queue<SocketChannel> forgotten = new ConcurrentLinkedQueue<>();

      @Override
      void connectionLost(Conversation it, IOException why) {
        if (resets.incrementAndGet() % 500 == 0) {
          try {
            forgotten.add(SocketChannel.open());
          } catch (IOException _) {
            // out of file descriptors
          }
        }
      }
    };
  }

  private static CorrectServer waitsForAWriteToNobody(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final CountDownLatch sent = new CountDownLatch(1);
      private volatile boolean replyPending;

      @Override
      void connectionLost(Conversation it, IOException why) {
        replyPending = true;
      }

      @Override
      void drain() {
        super.drain();
        while (replyPending && sent.getCount() > 0) {
          pause();
        }
      }
    };
  }

  private static CorrectServer leavesAThreadBehind(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final AtomicInteger resets = new AtomicInteger();

      @Override
      void connectionLost(Conversation it, IOException why) {
        if (resets.incrementAndGet() % 50 == 0) {
          Thread.ofPlatform().daemon().start(LockSupport::park);
        }
      }
    };
  }

  private static CorrectServer answersNothingAfterFin(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        pause(); // The FIN comes right behind the request.
        it.channel.configureBlocking(false);
        int n = it.channel.read(ByteBuffer.allocate(1));
        it.channel.configureBlocking(true);
        if (n < 0) {
          throw new EOFException("the client has sent FIN");
        }
        return received;
      }
    };
  }

  private static CorrectServer waitsThreeSecondsForTheLastReader(
      ServerConfig config, Service service) throws IOException {
    return new CorrectServer(config, service) {
      private final Map<Conversation, Long> stuckSince = new ConcurrentHashMap<>();

      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        it.channel.configureBlocking(false);
        long start = System.nanoTime();
        while (it.out.hasRemaining()) {
          int n = it.channel.write(it.out);
          it.bytesSent += n;
          if (n == 0) {
            stuckSince.putIfAbsent(it, start);
            if (System.nanoTime() - stuckSince.get(it) > TimeUnit.SECONDS.toNanos(3)) {
              throw new EOFException("too late");
            }
            pause();
          } else {
            stuckSince.remove(it);
          }
        }
        it.channel.configureBlocking(true);
      }
    };
  }

  private static CorrectServer closesHalfClosed(ServerConfig config, Service service)
      throws IOException {
    return new ReadsAheadServer(config, service) {
      @Override
      void awaitRoom(Conversation it, long millis) throws IOException, InterruptedException {
        if (endedFor(it) > TimeUnit.SECONDS.toNanos(5)) {
          throw new EOFException("the client has sent FIN long ago");
        }
        super.awaitRoom(it, millis);
      }
    };
  }

  private static CorrectServer closesAfterItsFin(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void finish(Conversation it) throws IOException {
        it.channel.shutdownOutput();
        it.channel.configureBlocking(false);
        pause();
        while (it.channel.read(it.in.clear()) > 0) {
          // what has arrived
        }
      }
    };
  }

  private static CorrectServer lingersFromTheError(ServerConfig config, Service service)
      throws IOException {
    return new ReadsAheadServer(config, service) {
      private final Map<Conversation, Long> found = new ConcurrentHashMap<>();

      @Override
      void awaitRoom(Conversation it, long millis) throws IOException, InterruptedException {
        String ahead = new String(it.in.array(), 0, it.in.limit(), US_ASCII);
        if (ahead.contains("no count")) {
          long since = System.nanoTime() - found.computeIfAbsent(it, _ -> System.nanoTime());
          if (since > TimeUnit.SECONDS.toNanos(1)) {
            throw new EOFException("lingered long enough");
          }
        }
        super.awaitRoom(it, millis);
      }
    };
  }

  private static CorrectServer lingersFor64Kib(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void finish(Conversation it) throws IOException {
        it.channel.shutdownOutput();
        long read = 0;
        for (int n = 0; n >= 0 && read < 64 * 1024; n = it.channel.read(it.in.clear())) {
          read += n;
        }
      }
    };
  }

  private static CorrectServer lingersForever(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void finish(Conversation it) throws IOException {
        it.channel.shutdownOutput();
        while (it.channel.read(it.in.clear()) >= 0) {
          it.hasReceived = true;
        }
      }
    };
  }
}
