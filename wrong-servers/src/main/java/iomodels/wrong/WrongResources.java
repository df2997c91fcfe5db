package iomodels.wrong;

import iomodels.server.Notification;
import iomodels.server.ServerConfig;
import iomodels.service.Service;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Wrong about what it uses, which shows in a process of its own only: section 8. */
final class WrongResources {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "leaks-a-descriptor",
              "8.01",
              "Opens a socket for each client that has left without a word, and forgets it.",
              " are open",
              WrongResources::leaksADescriptor),
          WrongServer.of(
              "wakes-up-for-nothing",
              "8.02",
              "Looks for something to do ten thousand times a second.",
              "it never used less than",
              WrongResources::wakesUpForNothing),
          WrongServer.of(
              "says-virtual-means-platform",
              "8.03",
              "Declares virtual threads, and gives each connection a platform thread.",
              "more threads with",
              WrongResources::saysVirtualMeansPlatform),
          WrongServer.of(
              "accepts-in-a-busy-loop",
              "8.04",
              "Tries again at once to accept when descriptors have run out.",
              "a server that rests while there are no descriptors",
              WrongResources::acceptsInABusyLoop),
          WrongServer.of(
              "accepts-no-more",
              "8.04",
              "Ends its accept loop at the first exception, for ever.",
              "nothing came for",
              WrongResources::acceptsNoMore),
          WrongServer.declared(
              Notification.POLLING,
              "poller-that-waits",
              "8.05",
              "Declares that it asks in turn, and waits to be told.",
              "it waits in the kernel",
              CorrectServer::new),
          WrongServer.of(
              "waits-ten-seconds-for-a-descriptor",
              "8.06",
              "Waits ten seconds before it accepts again when descriptors have run out.",
              "nothing came for 5,000 ms",
              WrongResources::waitsTenSeconds));

  private WrongResources() {}

  private static CorrectServer leaksADescriptor(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Queue<SocketChannel> forgotten = new ConcurrentLinkedQueue<>();

      @Override
      void lost(Conversation it, IOException why) {
        try {
          forgotten.add(SocketChannel.open());
        } catch (IOException _) {
          // there are none left to forget
        }
      }
    };
  }

  private static CorrectServer wakesUpForNothing(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void bind() throws IOException {
        super.bind();
        Thread.ofPlatform().daemon().start(this::look);
      }

      private void look() {
        while (listener.isOpen()) {
          LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(50));
        }
      }
    };
  }

  private static CorrectServer saysVirtualMeansPlatform(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void admit(SocketChannel channel) {
        Conversation it = new Conversation(channel, open());
        Thread thread = Thread.ofPlatform().daemon().unstarted(() -> attend(it));
        conversations.put(it, thread);
        thread.start();
      }
    };
  }

  private static CorrectServer acceptsInABusyLoop(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      SocketChannel accept() throws IOException {
        while (true) {
          try {
            return super.accept();
          } catch (IOException e) {
            if (!listener.isOpen()) {
              throw e;
            }
          }
        }
      }
    };
  }

  private static CorrectServer acceptsNoMore(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      SocketChannel accept() throws IOException {
        try {
          return super.accept();
        } catch (IOException e) {
          while (listener.isOpen()) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
          }
          throw e;
        }
      }
    };
  }

  private static CorrectServer waitsTenSeconds(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      SocketChannel accept() throws IOException {
        try {
          return super.accept();
        } catch (IOException e) {
          if (!refusing()) {
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(10));
          }
          throw e;
        }
      }
    };
  }
}
