package iomodels.blocking;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;

/** Starts the platform threads that a server cannot do without. */
final class Threads {

  private Threads() {}

  /**
   * Starts a thread.
   *
   * @return completes when the loop has ended
   * @throws IOException if the system has no thread left
   */
  static CompletableFuture<Void> start(String name, Runnable loop) throws IOException {
    return start(Thread.ofPlatform().name(name).factory(), loop);
  }

  /** The same, with a thread of that factory. */
  static CompletableFuture<Void> start(ThreadFactory factory, Runnable loop) throws IOException {
    try {
      return CompletableFuture.runAsync(loop, it -> factory.newThread(it).start());
    } catch (OutOfMemoryError e) {
      throw noThread(e);
    }
  }

  /**
   * Starts the threads of a pool now: later, a task for which no thread is to be had would be lost.
   *
   * @throws IOException if the system has no thread left
   */
  static void startAll(ThreadPoolExecutor pool) throws IOException {
    try {
      pool.prestartAllCoreThreads();
    } catch (OutOfMemoryError e) {
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
