package iomodels.wrong.program;

import static iomodels.program.Programs.RELAY;

import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** Relays that break a rule: section 11. */
final class WrongRelays {

  static final List<WrongProgram> ALL =
      List.of(
          wrong(
              "relay-one-way-after-the-other",
              "11.01",
              "Forwards the client's stream to its end, and only then the upstream's.",
              "reads the whole stream",
              WrongRelays::oneWayAfterTheOther),
          wrong(
              "relay-waits-for-the-client",
              "11.02",
              "Reads from the upstream only after the client has sent something.",
              "nothing came for",
              WrongRelays::waitsForTheClient),
          wrong(
              "relay-keeps-the-fin",
              "11.03",
              "Does not forward the client's FIN to the upstream.",
              "expected FIN within",
              config ->
                  new CorrectRelay(config) {
                    @Override
                    void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
                      if (from.equals(it.upstream())) {
                        super.finish(it, from, to);
                      }
                    }
                  }),
          wrong(
              "relay-closes-at-the-clients-fin",
              "11.03",
              "Closes both connections at the client's FIN.",
              "but got FIN",
              config -> closesAtTheFinOf(config, true)),
          wrong(
              "relay-closes-at-the-upstreams-fin",
              "11.04",
              "Closes both connections at the upstream's FIN.",
              "but got FIN",
              config -> closesAtTheFinOf(config, false)),
          wrong(
              "relay-holds-all-for-the-upstream",
              "11.05",
              "Queues the client's bytes without a bound.",
              "but it read",
              config -> holdsAll(config, true)),
          wrong(
              "relay-holds-all-for-the-client",
              "11.06",
              "Queues the upstream's bytes without a bound.",
              "but it read",
              config -> holdsAll(config, false)),
          wrong(
              "relay-closes-in-order-where-refused",
              "11.07",
              "Sends FIN instead of RST to the client when the upstream refuses the connection.",
              "but got FIN",
              config ->
                  new CorrectRelay(config) {
                    @Override
                    void refused(SocketChannel client) {
                      closeQuietly(client);
                    }
                  }),
          wrong(
              "relay-fin-for-the-upstreams-rst",
              "11.08",
              "Sends FIN instead of RST to the client when the upstream resets.",
              "but got FIN",
              config -> finForTheRstOf(config, false)),
          wrong(
              "relay-forgets-the-client",
              "11.08",
              "Leaves the client's connection open when the upstream resets.",
              "nothing came",
              config ->
                  new CorrectRelay(config) {
                    @Override
                    void lost(Pair it, SocketChannel from) {
                      if (from.equals(it.upstream())) {
                        reset(from);
                      } else {
                        super.lost(it, from);
                      }
                    }
                  }),
          wrong(
              "relay-fin-for-the-clients-rst",
              "11.09",
              "Sends FIN instead of RST to the upstream when the client resets.",
              "but got FIN",
              config -> finForTheRstOf(config, true)),
          wrong(
              "relay-sends-under-a-lock",
              "11.10",
              "Sends while it holds a lock that all its threads share.",
              "nothing came for",
              WrongRelays::sendsUnderALock),
          wrong(
              "relay-one-client-after-another",
              "11.10",
              "Serves one client at a time.",
              "but none was made",
              WrongRelays::oneClientAfterAnother),
          wrong(
              "relay-finishes-and-does-not-close",
              "11.11",
              "Shuts down its output to the upstream, but never closes that connection.",
              "descriptors after all clients have left",
              config ->
                  new CorrectRelay(config) {
                    @Override
                    void endUpstream(SocketChannel upstream) {}
                  }),
          wrong(
              "relay-waits-for-all-to-leave",
              "11.12",
              "Waits for its clients to leave for six times the grace period.",
              "it still runs",
              config ->
                  new CorrectRelay(config) {
                    @Override
                    void dismiss(SocketChannel client) {}

                    @Override
                    Duration gracePeriod() {
                      return config.gracePeriod().multipliedBy(6);
                    }
                  }),
          wrong(
              "relay-takes-a-reset-for-a-fin",
              "11.13",
              "Ignores a failed send. The kernel reports a reset only once, so the other thread"
                  + " reads -1 and sends FIN.",
              "as at a regular end",
              config ->
                  new CorrectRelay(config) {
                    @Override
                    void sendingFailed(Pair it, SocketChannel to) {}
                  }),
          wrong(
              "relay-turns-to-itself",
              "11.14",
              "Connects to its upstream without checking that the address is not its own.",
              "for a client of a relay that is its own upstream",
              config ->
                  new CorrectRelay(config) {
                    @Override
                    boolean isOwn(InetSocketAddress upstream) {
                      return false;
                    }
                  }));

  private WrongRelays() {}

  private static WrongProgram wrong(
      String name, String rule, String fault, String symptom, WrongProgram.Factory factory) {
    return new WrongProgram(name, RELAY, rule, fault, symptom, WrongProgram.starting(factory));
  }

  private static CorrectProgram oneWayAfterTheOther(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      @Override
      void relay(Pair it) {
        carry(it, it.client(), it.upstream());
        carry(it, it.upstream(), it.client());
      }
    };
  }

  private static CorrectProgram waitsForTheClient(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      private final Map<Pair, CountDownLatch> hasReceived = new ConcurrentHashMap<>();

      @Override
      void relay(Pair it) throws InterruptedException {
        CountDownLatch first = new CountDownLatch(1);
        hasReceived.put(it, first);
        Thread there = Thread.ofVirtual().start(() -> carry(it, it.client(), it.upstream()));
        first.await();
        carry(it, it.upstream(), it.client());
        there.join();
        hasReceived.remove(it);
      }

      @Override
      void send(Pair it, SocketChannel to, ByteBuffer chunk) throws IOException {
        super.send(it, to, chunk);
        begin(it);
      }

      @Override
      void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
        super.finish(it, from, to);
        begin(it);
      }

      @Override
      void lost(Pair it, SocketChannel from) {
        super.lost(it, from);
        begin(it);
      }

      private void begin(Pair it) {
        hasReceived.getOrDefault(it, new CountDownLatch(0)).countDown();
      }
    };
  }

  private static CorrectProgram closesAtTheFinOf(ProgramConfig config, boolean client)
      throws IOException {
    return new CorrectRelay(config) {
      @Override
      void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
        if (from.equals(it.client()) == client) {
          it.client().close();
          it.upstream().close();
        } else {
          super.finish(it, from, to);
        }
      }
    };
  }

  private static CorrectProgram holdsAll(ProgramConfig config, boolean forUpstream)
      throws IOException {
    return new CorrectRelay(config) {
      private final Map<SocketChannel, ExecutorService> senders = new ConcurrentHashMap<>();

      @Override
      void send(Pair it, SocketChannel to, ByteBuffer chunk) throws IOException {
        if (to.equals(it.upstream()) == forUpstream) {
          ByteBuffer copy = ByteBuffer.allocate(chunk.remaining()).put(chunk).flip();
          senders
              .computeIfAbsent(
                  to, _ -> Executors.newSingleThreadExecutor(Thread.ofVirtual().factory()))
              .execute(() -> sendNow(it, to, copy));
        } else {
          super.send(it, to, chunk);
        }
      }

      private void sendNow(Pair it, SocketChannel to, ByteBuffer chunk) {
        try {
          writeFully(to, chunk);
        } catch (IOException _) {
          lost(it, to);
        }
      }

      @Override
      void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
        ExecutorService sender = senders.remove(to);
        if (sender != null) {
          sender.close();
        }
        super.finish(it, from, to);
      }

      @Override
      void lost(Pair it, SocketChannel from) {
        super.lost(it, from);
        for (SocketChannel each : List.of(it.client(), it.upstream())) {
          ExecutorService sender = senders.remove(each);
          if (sender != null) {
            sender.shutdownNow();
          }
        }
      }
    };
  }

  private static CorrectProgram finForTheRstOf(ProgramConfig config, boolean client)
      throws IOException {
    return new CorrectRelay(config) {
      @Override
      void lost(Pair it, SocketChannel from) {
        if (from.equals(it.client()) == client) {
          closeQuietly(it.client());
          closeQuietly(it.upstream());
        } else {
          super.lost(it, from);
        }
      }
    };
  }

  private static CorrectProgram sendsUnderALock(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      private final Lock lock = new ReentrantLock();

      @Override
      void send(Pair it, SocketChannel to, ByteBuffer chunk) throws IOException {
        lock.lock();
        try {
          super.send(it, to, chunk);
        } finally {
          lock.unlock();
        }
      }
    };
  }

  private static CorrectProgram oneClientAfterAnother(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      private final Lock turn = new ReentrantLock();

      @Override
      void serve(SocketChannel client) throws IOException, InterruptedException {
        turn.lockInterruptibly();
        try {
          super.serve(client);
        } finally {
          turn.unlock();
        }
      }
    };
  }
}
