package iomodels.process;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.time.Duration;
import java.util.List;

/**
 * Ends a JVM that spends most of its time collecting garbage in a heap that stays full. In this
 * case HotSpot's parallel collector throws an {@code OutOfMemoryError} ({@code
 * -XX:+UseGCOverheadLimit}). The other collectors may go on for hours, while the server answers no
 * client and handles no signal.
 */
public final class GcOverheadLimit {

  /** The exit code of {@code -XX:+ExitOnOutOfMemoryError}. */
  private static final int EXIT_CODE = 3;

  private static final Duration SAMPLE_INTERVAL = Duration.ofSeconds(1);
  private static final Duration MESSAGE_TIMEOUT = Duration.ofSeconds(1);
  private static final byte[] MESSAGE =
      "iomodels: the heap is full, and the JVM spends its time collecting garbage; give it more memory (-Xmx)%n"
          .formatted()
          .getBytes(US_ASCII);
  private static final OutputStream ERROR = new FileOutputStream(FileDescriptor.err);
  private static final double MAX_SHARE_OF_TIME = 0.9;
  private static final double FULL = 0.9;
  private static final int MAX_STRAINED_SAMPLES = 10;

  private final List<GarbageCollectorMXBean> collectors =
      ManagementFactory.getGarbageCollectorMXBeans().stream()
          .filter(it -> !it.getName().contains("Concurrent") && !it.getName().contains("Cycles"))
          .toList();

  /** Created in advance, while there is memory. */
  private final Thread printer =
      Thread.ofPlatform()
          .daemon()
          .name("gc-overhead-limit-message")
          .unstarted(GcOverheadLimit::printMessage);

  private int strained;

  GcOverheadLimit() {}

  /** Starts to watch this JVM, in a daemon thread. Exits with code 3 if the limit is exceeded. */
  public static void watch() {
    Thread.ofPlatform().daemon().name("gc-overhead-limit").start(() -> new GcOverheadLimit().run());
  }

  private void run() {
    long time = System.nanoTime();
    long collecting = collectionMillis();
    try {
      while (!isExceeded()) {
        Thread.sleep(SAMPLE_INTERVAL);
        long now = System.nanoTime();
        long collected = collectionMillis();
        double share = (collected - collecting) * 1e6 / (now - time);
        record(share, fullness());
        time = now;
        collecting = collected;
      }
      end();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (OutOfMemoryError _) {
      end();
    }
  }

  /**
   * Exits. Prints the message in another thread, with a time limit: there may be no memory for it,
   * and the reader of stderr may not read.
   */
  private void end() {
    try {
      printer.start();
      printer.join(MESSAGE_TIMEOUT);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      Runtime.getRuntime().halt(EXIT_CODE);
    }
  }

  private static void printMessage() {
    try {
      ERROR.write(MESSAGE);
    } catch (IOException _) {
      // stderr is closed.
    }
  }

  /** Records a sample, and counts consecutive samples at which the JVM was strained. */
  void record(double shareOfTime, double fullness) {
    strained = shareOfTime >= MAX_SHARE_OF_TIME && fullness >= FULL ? strained + 1 : 0;
  }

  boolean isExceeded() {
    return strained >= MAX_STRAINED_SAMPLES;
  }

  private long collectionMillis() {
    return collectors.stream().mapToLong(GarbageCollectorMXBean::getCollectionTime).sum();
  }

  private static double fullness() {
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    return (double) heap.getUsed() / heap.getMax();
  }
}
