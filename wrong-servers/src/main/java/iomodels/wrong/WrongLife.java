package iomodels.wrong;

import iomodels.server.ServerConfig;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session.Progress;
import java.io.EOFException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** Servers that break the rules on the life cycle: section 9. */
final class WrongLife {

  static final List<WrongServer> ALL =
      List.of(
          WrongServer.of(
              "announces-port-0",
              "9.01",
              "Announces the port that was requested, not the port that it is bound to.",
              "it announced port 0",
              WrongLife::announcesPort0),
          WrongServer.of(
              "no-reuse-address",
              "9.02",
              "Binds without SO_REUSEADDR, so its own old connections prevent a restart.",
              "it did not start",
              WrongLife::noReuseAddress),
          WrongServer.of(
              "cuts-off-at-once",
              "9.03",
              "Stops at once, and discards pending replies.",
              "got FIN after",
              WrongLife::cutsOffAtOnce),
          WrongServer.of(
              "cuts-off-after-a-second",
              "9.03",
              "Gives its clients one second, when stopped, to receive pending replies.",
              "got FIN after",
              WrongLife::cutsOffAfterASecond),
          WrongServer.of(
              "cuts-off-those-who-paused",
              "9.03",
              "Cuts off, when stopped, a client that has not taken anything for two seconds.",
              "before the stop: ",
              WrongLife::cutsOffThoseWhoPaused),
          WrongServer.of(
              "serves-on-while-draining",
              "9.03",
              "Accepts new clients while it drains the old ones.",
              "it was served",
              WrongLife::servesOnWhileDraining),
          WrongServer.of(
              "waits-for-the-rest-of-a-count",
              "9.03",
              "Does not end, when stopped, before each client has sent the rest of its count.",
              "with a client that has sent a part of a request",
              WrongLife::waitsForTheRest),
          WrongServer.of(
              "waits-for-those-who-do-not-read",
              "9.03",
              "Does not end, when stopped, before each client has received all replies.",
              "with a client that does not read its replies",
              WrongLife::waitsForReaders),
          WrongServer.of(
              "waits-for-silence",
              "9.03",
              "Does not end, when stopped, while a client goes on sending.",
              "with a client that goes on sending",
              WrongLife::waitsForSilence),
          WrongServer.of(
              "waits-for-the-refused",
              "9.03",
              "Does not end, when stopped, before each client that has got an error line has"
                  + " closed.",
              "with a client that has got an error line and FIN",
              WrongLife::waitsForTheRefused),
          WrongServer.of(
              "waits-for-the-idle",
              "9.04",
              "Waits for idle clients until the grace period ends.",
              "while a client is idle",
              WrongLife::waitsForTheIdle),
          WrongServer.of(
              "stops-at-the-next-event",
              "9.04",
              "Looks whether it has been told to stop only when a client does something.",
              "without any client",
              WrongLife::stopsAtTheNextEvent),
          WrongServer.of(
              "takes-another-port",
              "9.05",
              "Listens on another port, without an error, if the requested port is in use.",
              "a server claims to listen at",
              WrongLife::takesAnotherPort),
          WrongServer.of(
              "waits-for-the-port",
              "9.05",
              "Tries to bind five times, with a second between two tries.",
              "a failure at once",
              WrongLife::waitsForThePort),
          WrongServer.of(
              "does-without-udp",
              "9.05",
              "Starts without UDP if only the UDP port is in use.",
              "where only the UDP port is in use",
              WrongLife::doesWithoutUdp),
          WrongServer.of(
              "shares-its-port",
              "9.05",
              "Sets SO_REUSEPORT, so that a second instance starts and takes half of the clients.",
              "where the same server listens already",
              WrongLife::sharesItsPort),
          WrongServer.of(
              "hears-no-more",
              "9.06",
              "Stops reading as soon as it is told to stop, and loses input that was sent before.",
              "got FIN after",
              WrongLife::hearsNoMore),
          WrongServer.of(
              "delivers-to-a-hundred",
              "9.07",
              "Delivers pending replies to a hundred clients when stopped, and resets the others.",
              "clients lost data",
              WrongLife::deliversToAHundred),
          WrongServer.of(
              "drops-the-half-closed-when-stopped",
              "9.07",
              "Drops a pending reply, when stopped, if the client has sent FIN.",
              "BLOCKED_AND_HALF_CLOSED: the reply to the count",
              WrongLife::dropsTheHalfClosed),
          WrongServer.of(
              "finishes-one-reply-when-stopped",
              "9.07",
              "Finishes the reply that has begun, when stopped, and drops the requests that it has"
                  + " read behind it.",
              "BLOCKED: ",
              WrongLife::finishesOneReply),
          WrongServer.of(
              "cuts-off-the-lingering",
              "9.07",
              "Closes, when stopped, connections on which it lingers after an error line.",
              "LINGERING: ",
              WrongLife::cutsOffTheLingering),
          WrongServer.of(
              "resets-the-queue",
              "9.08",
              "Accepts slowly, and closes its listener while established connections are still"
                  + " queued.",
              "Connection reset",
              WrongLife::resetsTheQueue));

  /** How long a server waits for an event, lest it outlives its test. */
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(30);

  private WrongLife() {}

  private static CorrectServer announcesPort0(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      public InetSocketAddress address() {
        return config.address();
      }
    };
  }

  private static CorrectServer noReuseAddress(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void bind() throws IOException {
        listener.setOption(StandardSocketOptions.SO_REUSEADDR, false);
        listener.bind(config.address(), config.backlog());
        if (config.datagrams()) {
          datagrams.bind(listener.getLocalAddress());
        }
      }
    };
  }

  private static CorrectServer cutsOffAtOnce(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void drain() {}
    };
  }

  private static CorrectServer cutsOffAfterASecond(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Duration gracePeriod() {
        return Duration.ofSeconds(1);
      }
    };
  }

  private static CorrectServer cutsOffThoseWhoPaused(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Map<Conversation, Long> sending = new ConcurrentHashMap<>();

      @Override
      void send(Conversation it) throws IOException, InterruptedException {
        sending.put(it, System.nanoTime());
        super.send(it);
        sending.remove(it);
      }

      @Override
      void drain() {
        long now = System.nanoTime();
        sending.forEach(
            (it, since) -> {
              if (now - since > TimeUnit.SECONDS.toNanos(2)) {
                closeQuietly(it.channel);
              }
            });
        super.drain();
      }
    };
  }

  private static CorrectServer servesOnWhileDraining(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void refuse() {}

      @Override
      void dismiss(Conversation it) {
        if (it.hasReceived) {
          super.dismiss(it);
        }
      }

      @Override
      void drain() {
        super.drain();
        super.refuse();
      }
    };
  }

  private static CorrectServer waitsForTheIdle(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void dismiss(Conversation it) {}
    };
  }

  private static CorrectServer stopsAtTheNextEvent(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final AtomicInteger events = new AtomicInteger();

      @Override
      SocketChannel accept() throws IOException {
        SocketChannel channel = super.accept();
        events.incrementAndGet();
        return channel;
      }

      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        events.incrementAndGet();
        return received;
      }

      @Override
      void refuse() {
        long limit = System.nanoTime() + LIMIT_NANOS;
        int seen = events.get();
        while (events.get() == seen && System.nanoTime() < limit) {
          pause();
        }
        super.refuse();
      }
    };
  }

  private static CorrectServer hearsNoMore(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        if (refusing()) {
          it.in.limit(0);
          return false;
        }
        return received;
      }
    };
  }

  private static CorrectServer deliversToAHundred(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void drain() {
        conversations.keySet().stream().skip(100).forEach(this::reset);
        super.drain();
      }

      private void reset(Conversation it) {
        try (it.channel) {
          it.channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException _) {
          // the connection has just ended
        }
      }
    };
  }

  private static CorrectServer waitsForTheRest(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private final Set<Conversation> inACount = ConcurrentHashMap.newKeySet();

      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        if (received && service.equals(Services.FLOOD) && it.in.get(it.in.limit() - 1) != '\n') {
          inACount.add(it);
        } else {
          inACount.remove(it);
        }
        return received;
      }

      @Override
      void dismiss(Conversation it) {
        if (!inACount.contains(it)) {
          super.dismiss(it);
        }
      }

      @Override
      void drain() {
        super.drain();
        while (inACount.stream().anyMatch(conversations::containsKey)) {
          pause();
        }
      }
    };
  }

  private static CorrectServer dropsTheHalfClosed(ServerConfig config, Service service)
      throws IOException {
    return new ReadsAheadServer(config, service) {
      @Override
      void awaitRoom(Conversation it, long millis) throws IOException, InterruptedException {
        if (refusing() && hasEnded(it)) {
          throw new EOFException("the client has sent FIN");
        }
        super.awaitRoom(it, millis);
      }
    };
  }

  private static CorrectServer finishesOneReply(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      Progress advance(Conversation it, boolean endOfInput) throws InterruptedException {
        if (refusing() && it.progress == Progress.OVERFLOW) {
          it.in.position(it.in.limit());
        }
        return super.advance(it, endOfInput);
      }
    };
  }

  private static CorrectServer resetsTheQueue(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      SocketChannel accept() throws IOException {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50)); // so that there is a queue
        return super.accept();
      }

      @Override
      void refuse() {
        closeQuietly(listener);
        super.refuse();
      }
    };
  }

  private static CorrectServer takesAnotherPort(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void bind() throws IOException {
        try {
          super.bind();
        } catch (BindException e) {
          if (config.address().getPort() == 0) {
            throw e;
          }
          listener.bind(new InetSocketAddress(config.address().getAddress(), 0));
          if (config.datagrams()) {
            datagrams.bind(listener.getLocalAddress());
          }
        }
      }
    };
  }

  private static CorrectServer waitsForThePort(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void bind() throws IOException {
        for (int i = 1; ; i++) {
          try {
            super.bind();
            return;
          } catch (BindException e) {
            if (i == 5) {
              throw e;
            }
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
          }
        }
      }
    };
  }

  private static CorrectServer doesWithoutUdp(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void bind() throws IOException {
        try {
          super.bind();
        } catch (BindException e) {
          if (listener.getLocalAddress() == null) {
            throw e;
          }
        }
      }
    };
  }

  private static CorrectServer sharesItsPort(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void bind() throws IOException {
        listener.setOption(StandardSocketOptions.SO_REUSEPORT, true);
        datagrams.setOption(StandardSocketOptions.SO_REUSEPORT, true);
        super.bind();
      }
    };
  }

  private static CorrectServer waitsForReaders(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      @Override
      void drain() {
        super.drain();
        while (conversations.keySet().stream().anyMatch(it -> it.progress == Progress.OVERFLOW)) {
          pause();
        }
      }
    };
  }

  private static CorrectServer waitsForSilence(ServerConfig config, Service service)
      throws IOException {
    return new CorrectServer(config, service) {
      private volatile long lastReceived = System.nanoTime();

      @Override
      boolean receive(Conversation it) throws IOException {
        boolean received = super.receive(it);
        lastReceived = System.nanoTime();
        return received;
      }

      @Override
      void dismiss(Conversation it) {
        if (isSilent()) {
          super.dismiss(it);
        }
      }

      @Override
      void drain() {
        super.drain();
        while (!isSilent()) {
          pause();
        }
      }

      private boolean isSilent() {
        return System.nanoTime() - lastReceived > TimeUnit.SECONDS.toNanos(1);
      }
    };
  }

  private static CorrectServer waitsForTheRefused(ServerConfig config, Service service)
      throws IOException {
    return new LingeringServer(config, service) {
      @Override
      void drain() {
        super.drain();
        while (!lingering.isEmpty()) {
          pause();
        }
      }
    };
  }

  private static CorrectServer cutsOffTheLingering(ServerConfig config, Service service)
      throws IOException {
    return new LingeringServer(config, service) {
      @Override
      void drain() {
        lingering.forEach(it -> closeQuietly(it.channel));
        super.drain();
      }
    };
  }

  /** Knows the clients that have got FIN, and lingers without a limit. */
  private static class LingeringServer extends CorrectServer {

    final Set<Conversation> lingering = ConcurrentHashMap.newKeySet();

    LingeringServer(ServerConfig config, Service service) throws IOException {
      super(config, service);
    }

    @Override
    void finish(Conversation it) throws IOException {
      it.channel.shutdownOutput();
      lingering.add(it);
      try {
        while (it.channel.read(it.in.clear()) >= 0) {
          it.hasReceived = true;
        }
      } finally {
        lingering.remove(it);
      }
    }
  }
}
