package iomodels.netty;

import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Creates fixed thread pools with a bounded queue, for tasks that would block an event loop. */
public final class Workers {

  private Workers() {}

  /**
   * Starts a pool and all its threads, which are daemon threads. If a thread could not be started
   * later, its task would be lost. The caller owns the pool and has to shut it down.
   *
   * @param threads the number of threads
   * @param queue the maximum number of tasks that wait for a thread; further tasks are rejected
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
