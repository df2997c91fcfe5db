package iomodels.vertx;

import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The pool of a program that does slow work: as many threads as may work, a bounded queue. */
final class Workers {

  private Workers() {}

  /**
   * With all its threads started: a task for which there is no thread later would be lost.
   *
   * @throws IOException if the system has no thread left
   */
  static ThreadPoolExecutor start(int threads, int queue) throws IOException {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(queue),
            Thread.ofPlatform().daemon().factory());
    try {
      pool.prestartAllCoreThreads();
      return pool;
    } catch (OutOfMemoryError e) {
      pool.shutdown();
      throw noThread(e);
    }
  }

  /** What to say instead of an error that speaks of memory. */
  static IOException noThread(OutOfMemoryError cause) {
    return new IOException(
        "the system has no thread left (%s); raise the limit: ulimit -u, or pids.max of the cgroup"
            .formatted(cause.getMessage()),
        cause);
  }
}
