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

/** Wrong about how conversations end: section 4. */
final class WrongClosing {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "fin-taken-for-hang-up",
              "4.01",
              "Looks for the client's FIN while it sends, and then sends no more.",
              "got FIN after",
              WrongClosing::finTakenForHangUp),
          WrongServer.of(
              "never-closes",
              "4.02",
              "Leaves the connection open when the client has closed.",
              "FIN within",
              WrongClosing::neverCloses),
          WrongServer.sequential(
              "dies-of-empty-connections",
              "4.03",
              "Lets the tenth connection without a request end the loop that accepts.",
              "nothing came for",
              WrongClosing::diesOfEmptyConnections),
          WrongServer.sequential(
              "dies-of-a-reset",
              "4.04",
              "Lets a connection that was reset end the loop that accepts.",
              "nothing came for",
              WrongClosing::diesOfAReset),
          WrongServer.of(
              "closes-with-input-unread",
              "4.05",
              "Closes at once when it has finished, whatever the client still says.",
              "got Connection reset",
              WrongClosing::closesWithInputUnread),
          WrongServer.of(
              "aborts-at-the-end",
              "4.06",
              "Closes with SO_LINGER at 0, which throws away what the client has yet to receive.",
              "got Connection reset",
              WrongClosing::abortsAtTheEnd),
          WrongServer.of(
              "loses-a-socket-in-five-hundred",
              "4.07",
              "Opens a socket for one of five hundred clients that reset, and forgets it.",
              "sockets after all clients have left",
              WrongClosing::losesASocket),
          WrongServer.of(
              "waits-for-a-write-to-nobody",
              "4.07",
              "Waits at the stop for replies to clients that have reset.",
              "the server still runs",
              WrongClosing::waitsForAWriteToNobody),
          WrongServer.of(
              "leaves-a-thread-behind",
              "4.08",
              "Has a thread wait for the rest of a line whose client has reset.",
              "threads after all clients have left",
              WrongClosing::leavesAThreadBehind));

  private WrongClosing() {}

  private static CorrectServer finTakenForHangUp(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void say(Conversation it) throws IOException, InterruptedException {
        if (it.progress == Progress.OVERFLOW && !it.in.hasRemaining()) {
          it.channel.configureBlocking(false);
          boolean open = receive(it);
          it.channel.configureBlocking(true);
          if (!open) {
            throw new EOFException("the client has hung up");
          }
        }
        super.say(it);
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
        if (!received && !it.heard && ++empty == 10) {
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
      void lost(Conversation it, IOException why) {
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
      void lost(Conversation it, IOException why) {
        if (resets.incrementAndGet() % 500 == 0) {
          try {
            forgotten.add(SocketChannel.open());
          } catch (IOException _) {
            // there are none left to forget
          }
        }
      }
    };
  }

  private static CorrectServer waitsForAWriteToNobody(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final CountDownLatch sent = new CountDownLatch(1);
      private volatile boolean owed;

      @Override
      void lost(Conversation it, IOException why) {
        owed = true;
      }

      @Override
      void drain() {
        super.drain();
        while (owed && sent.getCount() > 0) {
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
      void lost(Conversation it, IOException why) {
        if (resets.incrementAndGet() % 50 == 0) {
          Thread.ofPlatform().daemon().start(LockSupport::park);
        }
      }
    };
  }
}
