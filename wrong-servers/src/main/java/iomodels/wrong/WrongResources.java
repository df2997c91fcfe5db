package iomodels.wrong;

import iomodels.server.Notification;
import iomodels.server.ServerConfig;
import iomodels.service.Service;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/** Servers that break the rules on resources, which need a process of their own: section 8. */
final class WrongResources {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "leaks-a-descriptor",
              "8.01",
              "Leaks a socket at each reset.",
              " are open",
              WrongResources::leaksADescriptor),
          WrongServer.of(
              "leaks-after-an-error-line",
              "8.01",
              "Leaks a socket when it has ended the conversation with an error line.",
              "clients that close after an error line",
              WrongResources::leaksAfterAnErrorLine),
          WrongServer.of(
              "leaks-at-a-reset-after-fin",
              "8.01",
              "Leaks a socket if a client whose FIN it has read resets while replies are pending.",
              "clients that send FIN and reset in the middle of a reply",
              WrongResources::leaksAtAResetAfterFin),
          WrongServer.of(
              "wakes-up-for-nothing",
              "8.02",
              "Wakes up more than ten thousand times a second to look for work.",
              "it never used less than",
              WrongResources::wakesUpForNothing),
          WrongServer.of(
              "tries-again-at-once",
              "8.02",
              "Tries thousands of times a second to write to a client that does not read.",
              "clients that do not read their replies",
              WrongResources::triesAgainAtOnce),
          WrongServer.of(
              "spins-at-fin",
              "8.02",
              "Watches a connection for input after the client's FIN, while its output is pending.",
              "clients that do not read their replies",
              WrongResources::spinsAtFin),
          WrongServer.of(
              "says-virtual-means-platform",
              "8.03",
              "Declares virtual threads, but starts a platform thread for each connection.",
              "more threads with",
              WrongResources::saysVirtualMeansPlatform),
          WrongServer.of(
              "accepts-in-a-busy-loop",
              "8.04",
              "Retries accept() without a pause while it is out of file descriptors.",
              "a server that rests while there are no descriptors",
              WrongResources::acceptsInABusyLoop),
          WrongServer.of(
              "spins-when-descriptors-run-out-again",
              "8.04",
              "Pauses when descriptors run out for the first time only.",
              "after a few had become free",
              WrongResources::spinsTheSecondTime),
          WrongServer.of(
              "looks-for-descriptors-forever",
              "8.04",
              "Looks for free descriptors thousands of times a second, and goes on when there are"
                  + " some.",
              "once descriptors are free again",
              WrongResources::looksForDescriptorsForever),
          WrongServer.of(
              "accepts-no-more",
              "8.04",
              "Stops accepting at the first exception, and never resumes.",
              "nothing came for",
              WrongResources::acceptsNoMore),
          WrongServer.declared(
              Notification.POLLING,
              "poller-that-waits",
              "8.05",
              "Declares polling, but blocks in the kernel.",
              "it waits in the kernel",
              CorrectServer::new),
          WrongServer.of(
              "waits-ten-seconds-for-a-descriptor",
              "8.06",
              "Waits ten seconds before it accepts again after it was out of file descriptors.",
              "nothing came for 5,000 ms",
              WrongResources::waitsTenSeconds));

  private WrongResources() {}

  private static CorrectServer leaksADescriptor(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Queue<SocketChannel> forgotten = new ConcurrentLinkedQueue<>();

      @Override
      void connectionLost(Conversation it, IOException why) {
        try {
          forgotten.add(SocketChannel.open());
        } catch (IOException _) {
          // out of file descriptors
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

  private static CorrectServer spinsAtFin(ServerConfig config, Service service) throws IOException {
    return new ReadsAheadServer(config, service) {
      @Override
      void awaitRoom(Conversation it, long millis) throws IOException, InterruptedException {
        if (hasEnded(it)) { // select returns at once
          LockSupport.parkNanos(1_000); // The carrier thread serves other clients, too.
        } else {
          super.awaitRoom(it, millis);
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

  private static CorrectServer leaksAfterAnErrorLine(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Queue<SocketChannel> forgotten = new ConcurrentLinkedQueue<>();
      private final Set<Conversation> ended = ConcurrentHashMap.newKeySet();

      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        if (!received) {
          ended.add(it);
        }
        return received;
      }

      @Override
      void finish(Conversation it) throws IOException, InterruptedException {
        super.finish(it);
        if (!ended.remove(it)) {
          forgotten.add(SocketChannel.open());
        }
      }
    };
  }

  private static CorrectServer triesAgainAtOnce(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void send(Conversation it) throws IOException {
        it.channel.configureBlocking(false);
        while (it.out.hasRemaining()) {
          it.bytesSent += it.channel.write(it.out);
          LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(50));
        }
        it.channel.configureBlocking(true);
      }
    };
  }

  private static CorrectServer spinsTheSecondTime(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private boolean out;
      private boolean hasPaused;

      @Override
      SocketChannel accept() throws IOException {
        while (true) {
          try {
            SocketChannel channel = super.accept();
            hasPaused |= out;
            return channel;
          } catch (IOException e) {
            out = true;
            if (!hasPaused || !listener.isOpen() || refusing()) {
              throw e;
            }
          }
        }
      }
    };
  }

  private static CorrectServer leaksAtAResetAfterFin(ServerConfig config, Service service)
      throws IOException {
    return new ReadsAheadServer(config, service) {
      private final Queue<SocketChannel> forgotten = new ConcurrentLinkedQueue<>();

      @Override
      void connectionLost(Conversation it, IOException why) {
        try {
          if (hasEnded(it)) {
            forgotten.add(SocketChannel.open());
          }
        } catch (IOException _) {
          // out of file descriptors
        }
      }
    };
  }

  private static CorrectServer looksForDescriptorsForever(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final AtomicBoolean looks = new AtomicBoolean();

      @Override
      SocketChannel accept() throws IOException {
        try {
          return super.accept();
        } catch (IOException e) {
          if (!refusing() && looks.compareAndSet(false, true)) {
            Thread.ofPlatform().daemon().start(this::look);
          }
          throw e;
        }
      }

      private void look() {
        while (listener.isOpen()) {
          LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(50));
        }
      }
    };
  }
}
