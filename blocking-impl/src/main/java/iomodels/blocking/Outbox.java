package iomodels.blocking;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.function.LongSupplier;

/**
 * The pending lines of a client: a queue between the threads that send lines to the client and the
 * thread that writes them to its socket. It is bounded in bytes, and {@link #offer} does not block.
 *
 * <p>It refuses a line only if the peer does not read, that is, if one write has been pending for
 * {@value #PATIENCE_MILLIS} ms. If the writer has not run yet, for instance after a pause of the
 * whole process, that shows nothing about the peer. To keep the queue bounded meanwhile, a thread
 * calls {@link #awaitWriter} before it sends a line; this method blocks while the queue is more
 * than half full.
 *
 * <p>Safe for use by several threads.
 */
final class Outbox {

  /** If a write takes this long, the peer does not read. */
  static final long PATIENCE_MILLIS = 200;

  private static final long PATIENCE = MILLISECONDS.toNanos(PATIENCE_MILLIS);
  private static final long TICK_MILLIS = 10;

  private enum Writer {
    /** Waits for lines, or to be scheduled. */
    WAITING,
    /** Has taken lines, and is writing them. */
    WRITING,
    /** Takes no more lines. */
    CLOSED
  }

  private final int capacity;
  private final LongSupplier nanoTime;
  private final ByteArrayOutputStream lines = new ByteArrayOutputStream();
  private Writer writer = Writer.WAITING;

  /** The number of bytes in the queue and in the pending write. */
  private int unsent;

  /** When the pending write began, by {@code nanoTime}. */
  private long writingSince;

  /** Whether no more lines will be offered. */
  private boolean ended;

  /** Creates an empty outbox with a capacity in bytes. */
  Outbox(int capacity) {
    this(capacity, System::nanoTime);
  }

  /** Creates an empty outbox with the given clock. */
  Outbox(int capacity, LongSupplier nanoTime) {
    this.capacity = capacity;
    this.nanoTime = nanoTime;
  }

  // tag::outbox[]
  /**
   * Adds a line. Ignores the line if the outbox is closed.
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

  /** Whether the outbox is more than half full, and its writer has not ended. */
  synchronized boolean isBehind() {
    return unsent > capacity / 2 && writer != Writer.CLOSED;
  }

  private boolean isStalled() {
    return writer == Writer.WRITING && nanoTime.getAsLong() - writingSince >= PATIENCE;
  }

  /**
   * Waits until the outbox is at most half full, or until it is known that the peer does not read.
   */
  synchronized void awaitWriter() throws InterruptedException {
    while (isBehind() && !isStalled()) {
      wait(TICK_MILLIS);
    }
  }

  /** Waits for lines, and takes all of them; returns an empty buffer after the last line. */
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

  /** Records that a write has returned. */
  synchronized void wrote(int count) {
    unsent -= count;
    writingSince = nanoTime.getAsLong();
    notifyAll();
  }

  // end::outbox[]

  // tag::close[]
  /** Marks the end of the lines: the writer takes those that are queued, and ends. */
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** Closes the outbox, because the writer has ended: further lines are ignored. */
  synchronized void close() {
    writer = Writer.CLOSED;
    notifyAll();
  }
  // end::close[]
}
