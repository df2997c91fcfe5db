package iomodels.blocking.programs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.function.LongSupplier;

/**
 * The lines that a client has yet to be sent: a queue between the threads that say them and the one
 * that writes them. It is bounded in bytes, and nobody waits in {@link #offer}.
 *
 * <p>It is full only if the peer does not read: the writer has been in one write for {@value
 * #PATIENCE_MILLIS} ms. A writer that has not had its turn yet, for instance after a pause of the
 * whole process, says nothing about its peer. So that the queue stays bounded meanwhile, those who
 * say lines call {@link #awaitWriter} before, which holds them back while it is half full.
 *
 * <p>Safe for use by several threads.
 */
final class Outbox {

  /** A write that takes this long waits for a peer that does not read. */
  static final long PATIENCE_MILLIS = 200;

  private static final long PATIENCE = MILLISECONDS.toNanos(PATIENCE_MILLIS);
  private static final long TICK_MILLIS = 10;

  private enum Writer {
    /** It waits for lines, or for its turn. */
    WAITING,
    /** It has taken lines, and is in a write. */
    WRITING,
    /** It takes no more. */
    CLOSED
  }

  private final int capacity;
  private final LongSupplier nanoTime;
  private final ByteArrayOutputStream lines = new ByteArrayOutputStream();
  private Writer writer = Writer.WAITING;

  /** How many bytes the queue and the write that is going on have. */
  private int unsent;

  /** When that write began. */
  private long writingSince;

  /** No more lines are offered. */
  private boolean ended;

  /** An empty outbox of so many bytes. */
  Outbox(int capacity) {
    this(capacity, System::nanoTime);
  }

  /** The same, with a clock. */
  Outbox(int capacity, LongSupplier nanoTime) {
    this.capacity = capacity;
    this.nanoTime = nanoTime;
  }

  // tag::outbox[]
  /**
   * Adds a line.
   *
   * @return false if the outbox is full, and its peer does not read
   */
  synchronized boolean offer(String line) {
    if (unsent >= capacity && isStalled()) {
      return false;
    }
    if (writer != Writer.CLOSED) {
      byte[] bytes = line.getBytes(UTF_8);
      unsent += bytes.length;
      lines.writeBytes(bytes);
      notifyAll();
    }
    return true;
  }

  /** Whether it is more than half full, and its writer still takes lines. */
  synchronized boolean isBehind() {
    return unsent > capacity / 2 && writer != Writer.CLOSED;
  }

  private boolean isStalled() {
    return writer == Writer.WRITING && nanoTime.getAsLong() - writingSince >= PATIENCE;
  }

  /** Waits until it is half full at most, or its peer turns out not to read. */
  synchronized void awaitWriter() throws InterruptedException {
    while (isBehind() && !isStalled()) {
      wait(TICK_MILLIS);
    }
  }

  /** Waits for lines, and takes them all; an empty buffer means that there will be no more. */
  synchronized ByteBuffer take() throws InterruptedException {
    writer = Writer.WAITING;
    while (lines.size() == 0 && !ended) {
      wait();
    }
    ByteBuffer taken = ByteBuffer.wrap(lines.toByteArray());
    lines.reset();
    writer = Writer.WRITING;
    writingSince = nanoTime.getAsLong();
    return taken;
  }

  /** A write has returned. */
  synchronized void wrote(int count) {
    unsent -= count;
    writingSince = nanoTime.getAsLong();
    notifyAll();
  }

  // end::outbox[]

  // tag::close[]
  /** No more lines are offered: the writer takes those that there are, and ends. */
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** The writer has ended: lines are ignored from now on. */
  synchronized void close() {
    writer = Writer.CLOSED;
    notifyAll();
  }
  // end::close[]
}
