package iomodels.netty;

import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Fixed thread pools with a bounded queue, for work that would block an event loop. */
public final class Workers {

  private Workers() {}

  /**
   * Starts a pool with all its threads, which are daemons. Otherwise a task that needs a new thread
   * when the system has none left would be lost. The caller owns the pool, and shuts it down.
   *
   * @param threads the number of threads
   * @param queue how many tasks may wait for a thread; more are rejected
   * @throws IOException if the system has no thread left
   */
  public static ThreadPoolExecutor start(int threads, int queue) throws IOException {
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
    } catch (OutOfMemoryError failure) {
      pool.shutdown();
      throw StartFailures.noThread(failure);
    }
  }
}
