package iomodels.conformance;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Detects pauses of the kit's JVM. A thread wakes every 50 ms and records each pause of at least
 * one second between two wake-ups. In such a pause no other thread of the kit is likely to have
 * run: the process was stopped, waited for a processor, or collected garbage. Safe for use by
 * several threads.
 */
final class Heartbeat implements AutoCloseable {

  /** Shorter pauses are not recorded: they are too short to make a server miss a bound. */
  static final Duration LONG = Duration.ofSeconds(1);

  private static final long BEAT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final int MOST = 1_000;

  /** A pause from one beat to the next, in {@link System#nanoTime}. */
  private record Pause(long from, long to) {}

  private final Deque<Pause> pauses = new ArrayDeque<>();
  private long last;
  private volatile boolean closed;

  /**
   * Creates a heartbeat whose thread is not started.
   *
   * @param now the time of the first beat
   */
  Heartbeat(long now) {
    last = now;
  }

  /** Starts a heartbeat thread. */
  static Heartbeat start() {
    Heartbeat heartbeat = new Heartbeat(System.nanoTime());
    Thread.ofPlatform().daemon().name("heartbeat").start(heartbeat::beatUntilClosed);
    return heartbeat;
  }

  private void beatUntilClosed() {
    while (!closed) {
      LockSupport.parkNanos(BEAT_NANOS);
      beat(System.nanoTime());
    }
  }

  /** Records a beat, and the pause before it if that was long. */
  synchronized void beat(long now) {
    if (now - last >= LONG.toNanos()) {
      pauses.add(new Pause(last, now));
      if (pauses.size() > MOST) {
        pauses.removeFirst();
      }
    }
    last = now;
  }

  /** Returns the longest pause that ended after {@code start}; zero if there was none. */
  synchronized Duration longest(long start, long now) {
    beat(now);
    return pauses.stream()
        .filter(it -> it.to() - start > 0)
        .map(it -> Duration.ofNanos(it.to() - it.from()))
        .reduce(Duration.ZERO, (a, b) -> a.compareTo(b) > 0 ? a : b);
  }

  @Override
  public void close() {
    closed = true;
  }
}
