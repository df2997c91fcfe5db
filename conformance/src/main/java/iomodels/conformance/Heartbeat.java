package iomodels.conformance;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Tells when the kit itself did not run: a thread that wakes every 50 ms notes each time that it
 * woke more than a second late. Then no other thread of the kit ran in time either, since its
 * process was stopped, waited for a processor, or collected garbage. Safe for use by several
 * threads.
 */
final class Heartbeat implements AutoCloseable {

  /** A shorter pause misses none of the bounds on which a verdict depends. */
  static final Duration LONG = Duration.ofSeconds(1);

  private static final long BEAT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final int MOST = 1_000;

  /** From one beat to the next, in {@link System#nanoTime}. */
  private record Pause(long from, long to) {}

  private final Deque<Pause> pauses = new ArrayDeque<>();
  private long last;
  private volatile boolean closed;

  /**
   * One that no thread beats yet.
   *
   * @param now the time of the first beat
   */
  Heartbeat(long now) {
    last = now;
  }

  /** Starts one. */
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

  /** Notes a beat. */
  synchronized void beat(long now) {
    if (now - last >= LONG.toNanos()) {
      pauses.add(new Pause(last, now));
      if (pauses.size() > MOST) {
        pauses.removeFirst();
      }
    }
    last = now;
  }

  /** Returns the longest pause that was not over at {@code start}; zero if none was long. */
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
