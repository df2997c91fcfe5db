package iomodels.wrong;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Session.Progress;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
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
              "nothing came for",
              WrongClosing::diesOfAReset),
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
              "loses-a-socket-in-five-hundred",
              "4.07",
              "Leaks a socket at every five-hundredth reset.",
              "sockets once all clients have gone",
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
              "threads once all clients have gone",
              WrongClosing::leavesAThreadBehind));

  private WrongClosing() {}

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
}
