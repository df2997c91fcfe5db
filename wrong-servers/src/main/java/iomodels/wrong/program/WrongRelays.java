package iomodels.wrong.program;

import static iomodels.program.Programs.RELAY;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.util.Objects.requireNonNull;

import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiPredicate;

/** Relays that break a rule: section 11. */
final class WrongRelays {

  private static final int MUCH = 16 << 20;
  private static final int BUFFER_BYTES = 256 * 1024;
  private static final int PAGE = 4_096;
  private static final int PLACES = 100;
  private static final Duration FORTY_MILLIS = Duration.ofMillis(40);
  private static final Duration TWO_SECONDS = Duration.ofSeconds(2);
  private static final Duration TEN_SECONDS = Duration.ofSeconds(10);
  private static final long AT_ONCE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

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
              config -> holds(config, true, Integer.MAX_VALUE)),
          wrong(
              "relay-holds-sixteen-mebibytes-for-the-upstream",
              "11.05",
              "Queues up to 16 MiB of the client's bytes.",
              "more than it wrote",
              config -> holds(config, true, MUCH)),
          wrong(
              "relay-resumes-twice",
              "11.05",
              "Stops reading for good the third time that the upstream does not read.",
              "reads again, time",
              WrongRelays::resumesTwice),
          wrong(
              "relay-holds-all-for-the-client",
              "11.06",
              "Queues the upstream's bytes without a bound.",
              "but it read",
              config -> holds(config, false, Integer.MAX_VALUE)),
          wrong(
              "relay-holds-all-after-the-clients-fin",
              "11.06",
              "Queues the upstream's bytes without a bound after the client's FIN.",
              "after the FIN of the client",
              WrongRelays::holdsAllAfterTheClientsFin),
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
              "relay-fin-for-an-early-end",
              "11.07",
              "Sends FIN instead of RST to a client that has sent data and FIN, if the upstream"
                  + " refuses.",
              "a client that sends data and FIN",
              WrongConnectingRelays::finForAnEarlyEnd),
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
              "relay-fin-for-the-upstreams-rst-behind-the-clients-fin",
              "11.08",
              "Sends FIN instead of RST to a client that has finished, when the upstream resets.",
              "after the FIN of the client",
              config -> finForALateRstOf(config, false)),
          wrong(
              "relay-ignores-a-finished-upstream-that-resets",
              "11.08",
              "Ignores the reset of an upstream that has finished, if a send to it was waiting.",
              "RST of the upstream, which has finished and does not read",
              WrongRelays::ignoresAFinishedUpstreamThatResets),
          wrong(
              "relay-fin-for-the-clients-rst",
              "11.09",
              "Sends FIN instead of RST to the upstream when the client resets.",
              "but got FIN",
              config -> finForTheRstOf(config, true)),
          wrong(
              "relay-fin-for-the-clients-rst-behind-the-upstreams-fin",
              "11.09",
              "Sends FIN instead of RST to an upstream that has finished, when the client resets.",
              "after the FIN of the upstream",
              config -> finForALateRstOf(config, true)),
          wrong(
              "relay-fin-for-an-early-reset",
              "11.09",
              "Sends FIN instead of RST to the upstream if the client reset before the upstream"
                  + " accepted.",
              "a client reset before the upstream accepted: expected RST, but got FIN",
              WrongConnectingRelays::finForAnEarlyReset),
          wrong(
              "relay-keeps-the-upstream-of-an-early-reset",
              "11.09",
              "Keeps the connection to the upstream open if the client reset before the upstream"
                  + " accepted.",
              "a client reset before the upstream accepted: expected RST, but nothing came",
              WrongConnectingRelays::keepsTheUpstreamOfAnEarlyReset),
          wrong(
              "relay-ignores-a-reset-while-neither-side-reads",
              "11.09",
              "Ignores the reset of a client while it waits for the upstream to read.",
              "RST of the client while neither side reads",
              WrongRelays::ignoresAResetWhileNeitherSideReads),
          wrong(
              "relay-sends-under-a-lock",
              "11.10",
              "Sends while it holds a lock that all its threads share.",
              "nothing came for",
              config -> sendsUnderALock(config, true)),
          wrong(
              "relay-one-client-after-another",
              "11.10",
              "Serves one client at a time.",
              "but none was made",
              WrongRelays::oneClientAfterAnother),
          wrong(
              "relay-sends-to-clients-under-a-lock",
              "11.10",
              "Sends to a client while it holds a lock that all clients share.",
              "nothing came for",
              config -> sendsUnderALock(config, false)),
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
              "relay-keeps-a-client-that-resets-last",
              "11.11",
              "Does not close the socket of a client that resets after the upstream's FIN.",
              "FIN of the upstream, then RST of the client: expected at most",
              WrongRelays::keepsAClientThatResetsLast),
          wrong(
              "relay-leaves-a-thread-behind",
              "11.11",
              "Leaves a thread behind for each upstream that resets.",
              "threads after all clients have left",
              WrongRelays::leavesAThreadBehind),
          wrong(
              "relay-forgets-two-fins-at-once",
              "11.11",
              "Leaves both sockets open if both sides have finished at the same time.",
              "descriptors after all clients have left",
              WrongRelays::forgetsTwoFinsAtOnce),
          wrong(
              "relay-logs-every-reset",
              "11.11",
              NoisyPrograms.FAULT,
              NoisyPrograms.SYMPTOM,
              NoisyPrograms::relay),
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
              "relay-ends-in-order-after-a-slow-send",
              "11.13",
              "Sends FIN instead of RST if data had to wait for the receiver before the reset.",
              "did not read: expected RST",
              WrongRelays::endsInOrderAfterASlowSend),
          wrong(
              "relay-turns-to-itself",
              "11.14",
              "Starts without checking that the address of the upstream is not its own.",
              "with its own port",
              config ->
                  new CorrectRelay(config) {
                    @Override
                    void checkUpstreams() {}
                  }),
          wrong(
              "relay-reads-again-after-a-full-buffer",
              "11.15",
              "Reads again before it sends, if a read has filled its buffer of 4,096 bytes.",
              "4,096 bytes of the client: expected",
              WrongRelays::readsAgainAfterAFullBuffer),
          wrong(
              "relay-leaves-nagle-on",
              "11.15",
              "Does not set TCP_NODELAY.",
              "as with Nagle's algorithm",
              WrongRelays::leavesNagleOn),
          wrong(
              "relay-takes-255-for-the-end",
              "11.15",
              "Reads a byte as a signed number, and takes 0xFF for the end of input.",
              "1 bytes of the client: expected",
              WrongRelays::takes255ForTheEnd),
          wrong(
              "relay-collects-small-reads",
              "11.15",
              "Waits 40 ms for more input before it forwards a few bytes.",
              "there and back within",
              WrongRelays::collectsSmallReads),
          wrong(
              "relay-loses-what-comes-early",
              "11.16",
              "Discards what the client has sent before the upstream is connected.",
              "what a client sent before the upstream accepted",
              WrongRelays::losesWhatComesEarly),
          wrong(
              "relay-discards-until-it-is-connected",
              "11.16",
              "Reads and discards all that comes until the upstream is connected.",
              "what a client sent before the upstream accepted",
              WrongRelays::discardsUntilItIsConnected),
          wrong(
              "relay-takes-an-early-fin-for-a-leave",
              "11.16",
              "Gives up connecting for a client that sends FIN alone before the upstream has"
                  + " accepted.",
              "FIN without data before the upstream accepted",
              WrongConnectingRelays::takesAnEarlyFinForALeave),
          wrong(
              "relay-reads-all-while-it-connects",
              "11.16",
              "Reads without a bound what a client sends until the upstream is connected.",
              "a relay that is connecting",
              WrongConnectingRelays::readsAllWhileItConnects),
          wrong(
              "relay-connects-in-its-only-thread",
              "11.16",
              "Blocks in connect, in the thread that forwards the bytes of all clients.",
              "while the relay connects for other clients",
              WrongRelays::connectsInItsOnlyThread),
          wrong(
              "relay-one-thread-for-both-directions",
              "11.17",
              "Sends in one direction at a time: while it waits to send, the other one rests.",
              "sends, and does not read: expected",
              WrongRelays::oneThreadForBothDirections),
          wrong(
              "relay-sends-the-fin-before-the-data",
              "11.18",
              "Shuts down its output at a FIN, while data is pending in its queue.",
              "FIN to a side that reads late",
              config -> cutsOffTheRest(config, false)),
          wrong(
              "relay-closes-after-both-fins",
              "11.18",
              "Closes both connections at the second FIN, while data is pending in its queue.",
              "FIN to a side that reads late",
              config -> cutsOffTheRest(config, true)),
          wrong(
              "relay-resets-at-the-end",
              "11.18",
              "Closes with SO_LINGER set to 0, which discards data that was not acknowledged.",
              "FIN to a side that reads late",
              WrongRelays::resetsAtTheEnd),
          wrong(
              "relay-forgets-a-fin-behind-pending-bytes",
              "11.18",
              "Forgets a FIN that arrives while bytes before it are pending.",
              "bytes and FIN to a side that reads late: expected FIN",
              WrongRelays::forgetsAFinBehindPendingBytes),
          wrong(
              "relay-has-an-idle-timeout",
              "11.19",
              "Resets a conversation in which a side has sent nothing for two seconds.",
              "ms of silence",
              WrongRelays::hasAnIdleTimeout),
          wrong(
              "relay-closes-after-a-half-close",
              "11.19",
              "Closes both connections two seconds after a FIN.",
              "ms of silence",
              config -> closesAfterAHalfClose(config, TWO_SECONDS)),
          wrong(
              "relay-closes-ten-seconds-after-a-half-close",
              "11.19",
              "Closes both connections ten seconds after a FIN.",
              "ms of silence",
              config -> closesAfterAHalfClose(config, TEN_SECONDS)),
          wrong(
              "relay-shares-a-buffer",
              "11.20",
              "Has one receive buffer for all connections.",
              "that begin to read at the same time",
              WrongRelays::sharesABuffer),
          wrong(
              "relay-serves-a-hundred",
              "11.20",
              "Serves at most a hundred clients at a time; the others wait.",
              "of 220: expected a connection",
              WrongRelays::servesAHundred),
          wrong(
              "relay-connects-ahead",
              "11.21",
              "Keeps a connection to the upstream ready for the next client.",
              "before a client has connected",
              WrongRelays::connectsAhead),
          wrong(
              "relay-remembers-a-refusal",
              "11.21",
              "Does not try to connect for a minute after the upstream has refused a connection.",
              "after the upstream had refused",
              WrongRelays::remembersARefusal),
          wrong(
              "relay-connects-without-a-limit",
              "11.22",
              "Waits for the upstream as long as the kernel tries to connect.",
              "ms after it connected",
              config ->
                  new CorrectRelay(config) {
                    @Override
                    Duration connectTimeout() {
                      return Duration.ZERO; // No limit.
                    }
                  }),
          wrong(
              "relay-renews-the-deadline",
              "11.22",
              "Begins the deadline of connecting anew with each byte of the client.",
              "a client that sends a byte now and then, until",
              WrongConnectingRelays::renewsTheDeadline),
          wrong(
              "relay-shares-a-timer",
              "11.22",
              "Has one timer for connecting, which each client sets anew.",
              "while others connect",
              WrongConnectingRelays::sharesATimer),
          wrong(
              "relay-keeps-a-client-that-has-finished",
              "11.22",
              "Leaves the connection of a client open that has sent FIN alone, if the upstream"
                  + " accepts no connection.",
              "a client that sends FIN alone, until",
              WrongConnectingRelays::keepsAClientThatHasFinished));

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

  private static CorrectProgram holds(ProgramConfig config, boolean forUpstream, int most)
      throws IOException {
    return new QueueingRelay(config, most, (it, to) -> to.equals(it.upstream()) == forUpstream);
  }

  private static CorrectProgram leavesNagleOn(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      @Override
      void relay(Pair it) throws IOException, InterruptedException {
        it.client().setOption(TCP_NODELAY, false);
        it.upstream().setOption(TCP_NODELAY, false);
        super.relay(it);
      }
    };
  }

  private static CorrectProgram holdsAllAfterTheClientsFin(ProgramConfig config)
      throws IOException {
    Set<CorrectRelay.Pair> finished = ConcurrentHashMap.newKeySet();
    return new QueueingRelay(
        config, Integer.MAX_VALUE, (it, to) -> to.equals(it.client()) && finished.contains(it)) {
      @Override
      void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
        super.finish(it, from, to);
        if (from.equals(it.client())) {
          finished.add(it);
        }
      }
    };
  }

  /** A relay with a queue, and a thread that sends, for each receiver. */
  private static class QueueingRelay extends CorrectRelay {

    private final Map<SocketChannel, ExecutorService> senders = new ConcurrentHashMap<>();
    private final Map<SocketChannel, Semaphore> rooms = new ConcurrentHashMap<>();
    private final int most;
    private final BiPredicate<Pair, SocketChannel> isQueued;

    /**
     * Creates a relay.
     *
     * @param isQueued whether what is sent to this receiver is queued
     */
    QueueingRelay(ProgramConfig config, int most, BiPredicate<Pair, SocketChannel> isQueued)
        throws IOException {
      super(config);
      this.most = most;
      this.isQueued = isQueued;
    }

    @Override
    final void send(Pair it, SocketChannel to, ByteBuffer chunk) throws IOException {
      if (!isQueued.test(it, to)) {
        super.send(it, to, chunk);
        return;
      }
      ByteBuffer copy = ByteBuffer.allocate(chunk.remaining()).put(chunk).flip();
      Semaphore room = rooms.computeIfAbsent(to, _ -> new Semaphore(most));
      room.acquireUninterruptibly(copy.limit());
      try {
        senders
            .computeIfAbsent(
                to, _ -> Executors.newSingleThreadExecutor(Thread.ofVirtual().factory()))
            .execute(() -> sendNow(it, to, copy, room));
      } catch (RejectedExecutionException e) {
        throw new IOException("it has been reset", e);
      }
    }

    private void sendNow(Pair it, SocketChannel to, ByteBuffer chunk, Semaphore room) {
      try {
        writeFully(to, chunk);
      } catch (IOException _) {
        lost(it, to);
      } finally {
        room.release(chunk.limit());
      }
    }

    /** Returns whether the queue for a receiver holds bytes that the kernel does not take. */
    final boolean isBlocked(SocketChannel to) throws IOException {
      Semaphore room = rooms.get(to);
      try {
        if (room == null || !room.tryAcquire(most, FORTY_MILLIS.toNanos(), TimeUnit.NANOSECONDS)) {
          return room != null;
        }
      } catch (InterruptedException e) {
        throw new InterruptedIOException(e.getMessage());
      }
      room.release(most);
      return false;
    }

    @Override
    void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
      ExecutorService sender = senders.remove(to);
      if (sender != null) {
        sender.close();
      }
      rooms.remove(to);
      super.finish(it, from, to);
    }

    @Override
    final void lost(Pair it, SocketChannel from) {
      super.lost(it, from);
      for (SocketChannel each : List.of(it.client(), it.upstream())) {
        ExecutorService sender = senders.remove(each);
        rooms.remove(each);
        if (sender != null) {
          sender.shutdownNow();
        }
      }
    }
  }

  private static CorrectProgram cutsOffTheRest(ProgramConfig config, boolean atTheSecondFin)
      throws IOException {
    return new QueueingRelay(config, BUFFER_BYTES, (_, _) -> true) {
      private final Set<Pair> finished = ConcurrentHashMap.newKeySet();

      @Override
      void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
        if (finished.add(it) && atTheSecondFin) {
          super.finish(it, from, to);
        } else if (atTheSecondFin) {
          it.client().close();
          it.upstream().close();
        } else {
          to.shutdownOutput();
        }
      }
    };
  }

  private static CorrectProgram forgetsAFinBehindPendingBytes(ProgramConfig config)
      throws IOException {
    return new QueueingRelay(config, 2 * CorrectRelay.BUFFER_SIZE, (_, _) -> true) {
      @Override
      void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
        if (!isBlocked(to)) {
          super.finish(it, from, to);
        }
      }
    };
  }

  private static CorrectProgram resumesTwice(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      private final Map<Pair, AtomicInteger> stalls = new ConcurrentHashMap<>();

      @Override
      void send(Pair it, SocketChannel to, ByteBuffer chunk) throws IOException {
        long start = System.nanoTime();
        super.send(it, to, chunk);
        if (System.nanoTime() - start > SLOW_NANOS
            && stalls.computeIfAbsent(it, _ -> new AtomicInteger()).incrementAndGet() > 2) {
          ByteBuffer nothing = ByteBuffer.allocate(1);
          while (to.read(nothing.clear()) >= 0) {
            // It forgets the direction from which it has read.
          }
        }
      }
    };
  }

  private static CorrectProgram finForALateRstOf(ProgramConfig config, boolean client)
      throws IOException {
    return new CorrectRelay(config) {
      private final Set<Pair> finished = ConcurrentHashMap.newKeySet();

      @Override
      void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
        if (from.equals(it.client()) != client) {
          finished.add(it);
        }
        super.finish(it, from, to);
      }

      @Override
      void lost(Pair it, SocketChannel from) {
        if (from.equals(it.client()) == client && finished.contains(it)) {
          closeQuietly(it.client());
          closeQuietly(it.upstream());
        } else {
          super.lost(it, from);
        }
      }
    };
  }

  private static CorrectProgram ignoresAFinishedUpstreamThatResets(ProgramConfig config)
      throws IOException {
    return new CorrectRelay(config) {
      private final Set<SocketChannel> finished = ConcurrentHashMap.newKeySet();
      private final Set<SocketChannel> kept = ConcurrentHashMap.newKeySet();

      @Override
      void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
        if (from.equals(it.upstream())) {
          finished.add(from);
        }
        super.finish(it, from, to);
      }

      @Override
      void send(Pair it, SocketChannel to, ByteBuffer chunk) throws IOException {
        long start = System.nanoTime();
        try {
          super.send(it, to, chunk);
        } catch (IOException e) {
          if (System.nanoTime() - start > SLOW_NANOS && finished.contains(to)) {
            kept.add(it.client());
          }
          throw e;
        }
      }

      @Override
      void sendingFailed(Pair it, SocketChannel to) {
        if (!kept.contains(it.client())) {
          super.sendingFailed(it, to);
        }
      }

      @Override
      void end(SocketChannel client) {
        if (!kept.contains(client)) {
          super.end(client);
        }
      }

      @Override
      void stop() {
        kept.forEach(CorrectProgram::closeQuietly);
      }
    };
  }

  private static CorrectProgram ignoresAResetWhileNeitherSideReads(ProgramConfig config)
      throws IOException {
    return new CorrectRelay(config) {
      private final Set<SocketChannel> sending = ConcurrentHashMap.newKeySet();

      @Override
      void send(Pair it, SocketChannel to, ByteBuffer chunk) throws IOException {
        sending.add(to);
        try {
          super.send(it, to, chunk);
        } finally {
          sending.remove(to);
        }
      }

      @Override
      void sendingFailed(Pair it, SocketChannel to) {
        if (to.equals(it.upstream()) || !sending.contains(it.upstream())) {
          super.sendingFailed(it, to);
        }
      }
    };
  }

  private static CorrectProgram keepsAClientThatResetsLast(ProgramConfig config)
      throws IOException {
    return new CorrectRelay(config) {
      private final Set<Pair> finished = ConcurrentHashMap.newKeySet();
      private final Set<SocketChannel> kept = ConcurrentHashMap.newKeySet();

      @Override
      void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
        if (from.equals(it.upstream())) {
          finished.add(it);
        }
        super.finish(it, from, to);
      }

      @Override
      void lost(Pair it, SocketChannel from) {
        if (from.equals(it.client()) && finished.contains(it)) {
          kept.add(it.client());
          reset(it.upstream());
        } else {
          super.lost(it, from);
        }
      }

      @Override
      void end(SocketChannel client) {
        if (!kept.contains(client)) {
          super.end(client);
        }
      }

      @Override
      void stop() {
        kept.forEach(CorrectProgram::closeQuietly);
      }
    };
  }

  private static CorrectProgram leavesAThreadBehind(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      private final CountDownLatch stopped = new CountDownLatch(1);

      @Override
      void lost(Pair it, SocketChannel from) {
        super.lost(it, from);
        if (from.equals(it.upstream())) {
          Thread.ofPlatform().daemon().start(this::waitForTheStop);
        }
      }

      private void waitForTheStop() {
        try {
          stopped.await();
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
        }
      }

      @Override
      void stop() {
        stopped.countDown();
      }
    };
  }

  private static CorrectProgram forgetsTwoFinsAtOnce(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      private final Map<SocketChannel, Long> finished = new ConcurrentHashMap<>();
      private final Set<SocketChannel> kept = ConcurrentHashMap.newKeySet();

      @Override
      void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
        super.finish(it, from, to);
        Long other = finished.remove(to);
        if (other == null) {
          finished.put(from, System.nanoTime());
        } else if (System.nanoTime() - other < AT_ONCE_NANOS) {
          kept.add(it.client());
          kept.add(it.upstream());
        }
      }

      @Override
      void endUpstream(SocketChannel upstream) {
        if (!kept.contains(upstream)) {
          super.endUpstream(upstream);
        }
      }

      @Override
      void end(SocketChannel client) {
        finished.remove(client);
        if (!kept.contains(client)) {
          super.end(client);
        }
      }

      @Override
      void stop() {
        kept.forEach(CorrectProgram::closeQuietly);
      }
    };
  }

  private static CorrectProgram endsInOrderAfterASlowSend(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      private final Set<Pair> slow = ConcurrentHashMap.newKeySet();

      @Override
      void send(Pair it, SocketChannel to, ByteBuffer chunk) throws IOException {
        long start = System.nanoTime();
        super.send(it, to, chunk);
        if (System.nanoTime() - start > SLOW_NANOS) {
          slow.add(it);
        }
      }

      @Override
      void lost(Pair it, SocketChannel from) {
        if (slow.remove(it)) {
          closeQuietly(it.client());
          closeQuietly(it.upstream());
        } else {
          super.lost(it, from);
        }
      }
    };
  }

  private static CorrectProgram readsAgainAfterAFullBuffer(ProgramConfig config)
      throws IOException {
    return new CorrectRelay(config) {
      @Override
      int read(SocketChannel from, ByteBuffer buffer) throws IOException {
        int taken = 0;
        int n = PAGE;
        while (n == PAGE && taken + PAGE <= buffer.capacity()) {
          n = from.read(buffer.limit(taken + PAGE));
          taken += Math.max(n, 0);
        }
        return taken == 0 ? n : taken;
      }
    };
  }

  private static CorrectProgram collectsSmallReads(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      @Override
      int read(SocketChannel from, ByteBuffer buffer) throws IOException {
        int n = from.read(buffer);
        if (n > 0 && n < PAGE) {
          waitForMore();
          if (from.socket().getInputStream().available() > 0) {
            n += from.read(buffer);
          }
        }
        return n;
      }

      private void waitForMore() throws IOException {
        try {
          Thread.sleep(FORTY_MILLIS);
        } catch (InterruptedException e) {
          throw new InterruptedIOException(e.getMessage());
        }
      }
    };
  }

  private static CorrectProgram takes255ForTheEnd(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      @Override
      int read(SocketChannel from, ByteBuffer buffer) throws IOException {
        int n = from.read(buffer);
        return n > 0 && buffer.get(0) == -1 ? -1 : n;
      }
    };
  }

  private static CorrectProgram losesWhatComesEarly(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      @Override
      void relay(Pair it) throws IOException, InterruptedException {
        it.client().configureBlocking(false);
        it.client().read(ByteBuffer.allocate(BUFFER_SIZE));
        it.client().configureBlocking(true);
        super.relay(it);
      }
    };
  }

  private static CorrectProgram discardsUntilItIsConnected(ProgramConfig config)
      throws IOException {
    return new CorrectRelay(config) {
      @Override
      void serve(SocketChannel client) throws IOException, InterruptedException {
        client.configureBlocking(false);
        Thread discarding = Thread.ofVirtual().start(() -> discard(client));
        SocketChannel upstream;
        try {
          upstream = connect();
        } catch (IOException _) {
          refused(client);
          return;
        } finally {
          discarding.interrupt();
          discarding.join();
        }
        try {
          client.configureBlocking(true);
          relay(new Pair(client, upstream, new ReentrantLock(), new ReentrantLock()));
        } finally {
          endUpstream(upstream);
        }
      }

      private void discard(SocketChannel client) {
        try {
          while (client.read(buffer()) >= 0) {
            Thread.sleep(1);
          }
        } catch (IOException | InterruptedException _) {
          // Then the upstream is connected, or the client is gone.
        }
      }
    };
  }

  private static CorrectProgram connectsInItsOnlyThread(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      private final Lock only = new ReentrantLock();

      @Override
      SocketChannel connect() throws IOException {
        only.lock();
        try {
          return super.connect();
        } finally {
          only.unlock();
        }
      }

      @Override
      void send(Pair it, SocketChannel to, ByteBuffer chunk) throws IOException {
        only.lock();
        try {
          super.send(it, to, chunk);
        } finally {
          only.unlock();
        }
      }
    };
  }

  private static CorrectProgram oneThreadForBothDirections(ProgramConfig config)
      throws IOException {
    return new CorrectRelay(config) {
      private final Map<Pair, Lock> turns = new ConcurrentHashMap<>();

      @Override
      void relay(Pair it) throws IOException, InterruptedException {
        turns.put(it, new ReentrantLock());
        try {
          super.relay(it);
        } finally {
          turns.remove(it);
        }
      }

      @Override
      void send(Pair it, SocketChannel to, ByteBuffer chunk) throws IOException {
        Lock turn = requireNonNull(turns.get(it));
        turn.lock();
        try {
          super.send(it, to, chunk);
        } finally {
          turn.unlock();
        }
      }
    };
  }

  private static CorrectProgram resetsAtTheEnd(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      @Override
      void endUpstream(SocketChannel upstream) {
        reset(upstream);
      }

      @Override
      void end(SocketChannel client) {
        reset(client);
      }
    };
  }

  private static CorrectProgram hasAnIdleTimeout(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      @Override
      int read(SocketChannel from, ByteBuffer buffer) throws IOException {
        from.socket().setSoTimeout(Math.toIntExact(TWO_SECONDS.toMillis()));
        byte[] chunk = new byte[buffer.remaining()];
        int n = from.socket().getInputStream().read(chunk);
        buffer.put(chunk, 0, Math.max(n, 0));
        return n;
      }
    };
  }

  private static CorrectProgram closesAfterAHalfClose(ProgramConfig config, Duration time)
      throws IOException {
    return new CorrectRelay(config) {
      @Override
      void finish(Pair it, SocketChannel from, SocketChannel to) throws IOException {
        super.finish(it, from, to);
        Thread.ofVirtual().start(() -> closeLater(it));
      }

      private void closeLater(Pair it) {
        try {
          Thread.sleep(time);
          closeQuietly(it.client());
          closeQuietly(it.upstream());
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
        }
      }
    };
  }

  private static CorrectProgram sharesABuffer(ProgramConfig config) throws IOException {
    byte[] shared = new byte[CorrectRelay.BUFFER_SIZE];
    return new CorrectRelay(config) {
      @Override
      ByteBuffer buffer() {
        return ByteBuffer.wrap(shared);
      }
    };
  }

  private static CorrectProgram servesAHundred(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      private final Semaphore places = new Semaphore(PLACES);

      @Override
      void serve(SocketChannel client) throws IOException, InterruptedException {
        places.acquire();
        try {
          super.serve(client);
        } finally {
          places.release();
        }
      }
    };
  }

  private static CorrectProgram connectsAhead(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      private Optional<SocketChannel> ready = Optional.of(super.connect());

      @Override
      synchronized SocketChannel connect() throws IOException {
        SocketChannel next = ready.isPresent() ? ready.get() : super.connect();
        ready = Optional.of(super.connect());
        return next;
      }

      @Override
      synchronized void stop() {
        ready.ifPresent(CorrectProgram::closeQuietly);
      }
    };
  }

  private static CorrectProgram remembersARefusal(ProgramConfig config) throws IOException {
    return new CorrectRelay(config) {
      private volatile boolean isDown;

      @Override
      SocketChannel connect() throws IOException {
        if (isDown) {
          throw new ConnectException("the upstream is down");
        }
        try {
          return super.connect();
        } catch (IOException e) {
          isDown = true;
          throw e;
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

  private static CorrectProgram sendsUnderALock(ProgramConfig config, boolean toUpstreams)
      throws IOException {
    return new CorrectRelay(config) {
      private final Lock lock = new ReentrantLock();

      @Override
      void send(Pair it, SocketChannel to, ByteBuffer chunk) throws IOException {
        if (to.equals(it.client()) && toUpstreams) {
          super.send(it, to, chunk);
          return;
        }
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
