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
 * Ends a JVM that does little but collect garbage in a heap that stays full. HotSpot's parallel
 * collector throws an {@code OutOfMemoryError} then ({@code -XX:+UseGCOverheadLimit}); the others
 * may go on for hours, in which the server answers nobody and misses its signals.
 */
public final class GcOverheadLimit {

  /** The exit code of {@code -XX:+ExitOnOutOfMemoryError}. */
  private static final int EXIT_CODE = 3;

  private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(1);
  private static final Duration TIME_FOR_WORDS = Duration.ofSeconds(1);
  private static final byte[] WORDS =
      "iomodels: the heap is full, and the JVM does little but collect garbage%n"
          .formatted()
          .getBytes(US_ASCII);
  private static final OutputStream ERROR = new FileOutputStream(FileDescriptor.err);
  private static final double MOST_OF_THE_TIME = 0.9;
  private static final double FULL = 0.9;
  private static final int LOOKS = 10;

  private final List<GarbageCollectorMXBean> collectors =
      ManagementFactory.getGarbageCollectorMXBeans().stream()
          .filter(it -> !it.getName().contains("Concurrent") && !it.getName().contains("Cycles"))
          .toList();

  /** Made before, while there is memory. */
  private final Thread speaker =
      Thread.ofPlatform().daemon().name("gc-overhead-limit-words").unstarted(GcOverheadLimit::say);

  private int strained;

  GcOverheadLimit() {}

  /** Looks from now on, in a daemon thread. */
  public static void watch() {
    Thread.ofPlatform()
        .daemon()
        .name("gc-overhead-limit")
        .start(() -> new GcOverheadLimit().look());
  }

  private void look() {
    long time = System.nanoTime();
    long collecting = collectionMillis();
    try {
      while (!isExceeded()) {
        Thread.sleep(BETWEEN_LOOKS);
        long now = System.nanoTime();
        long collected = collectionMillis();
        double share = (collected - collecting) * 1e6 / (now - time);
        saw(share, fullness());
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

  /** Whether or not there is memory for the words, and somebody who takes them. */
  private void end() {
    try {
      speaker.start();
      speaker.join(TIME_FOR_WORDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      Runtime.getRuntime().halt(EXIT_CODE);
    }
  }

  private static void say() {
    try {
      ERROR.write(WORDS);
    } catch (IOException _) {
      // There is nobody to be told.
    }
  }

  /** Counts looks in a row at which the JVM was out of its depth. */
  void saw(double shareOfTime, double fullness) {
    strained = shareOfTime >= MOST_OF_THE_TIME && fullness >= FULL ? strained + 1 : 0;
  }

  boolean isExceeded() {
    return strained >= LOOKS;
  }

  private long collectionMillis() {
    return collectors.stream().mapToLong(GarbageCollectorMXBean::getCollectionTime).sum();
  }

  private static double fullness() {
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    return (double) heap.getUsed() / heap.getMax();
  }
}
