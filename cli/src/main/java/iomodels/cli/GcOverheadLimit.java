package iomodels.cli;

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
final class GcOverheadLimit {

  /** The exit code of {@code -XX:+ExitOnOutOfMemoryError}. */
  private static final int EXIT_CODE = 3;

  private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(1);
  private static final double MOST_OF_THE_TIME = 0.9;
  private static final double FULL = 0.9;
  private static final int LOOKS = 10;

  private final List<GarbageCollectorMXBean> collectors =
      ManagementFactory.getGarbageCollectorMXBeans().stream()
          .filter(it -> !it.getName().contains("Concurrent") && !it.getName().contains("Cycles"))
          .toList();

  private int strained;

  /** Looks from now on, in a daemon thread. */
  static void watch() {
    Thread.ofPlatform().daemon().name("gc-overhead-limit").start(new GcOverheadLimit()::look);
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
      System.err.println("iomodels: the heap is full, and the JVM does little but collect garbage");
      Runtime.getRuntime().halt(EXIT_CODE);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
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
