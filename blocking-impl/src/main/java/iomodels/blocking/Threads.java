package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;

import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;

/** Starts threads, and reports a lack of threads as an {@link IOException}. */
final class Threads {

  private Threads() {}

  /**
   * Starts a thread.
   *
   * @param sockets the sockets that the loop uses; closed if the thread cannot be started
   * @return completes when the loop has ended
   * @throws IOException if the system has no thread left
   */
  static CompletableFuture<Void> start(ThreadFactory factory, Runnable loop, Closeable... sockets)
      throws IOException {
    try {
      return CompletableFuture.runAsync(loop, it -> factory.newThread(it).start());
    } catch (OutOfMemoryError e) {
      for (Closeable socket : sockets) {
        closeQuietly(socket);
      }
      throw noThread(e);
    }
  }

  /** Creates platform threads with the given name. */
  static ThreadFactory platform(String name) {
    return Thread.ofPlatform().name(name).factory();
  }

  /** Creates virtual threads with the given name. */
  static ThreadFactory virtual(String name) {
    return Thread.ofVirtual().name(name).factory();
  }

  /**
   * Starts all threads of a pool now: if a thread could not be started later, its task would be
   * lost.
   *
   * @throws IOException if the system has no thread left; the pool is shut down
   */
  static void startAll(ThreadPoolExecutor pool) throws IOException {
    try {
      pool.prestartAllCoreThreads();
    } catch (OutOfMemoryError e) {
      pool.shutdownNow();
      throw noThread(e);
    }
  }

  /** Converts an error whose message mentions only memory to an exception that names the remedy. */
  static IOException noThread(OutOfMemoryError cause) {
    return new IOException(
        "the system has no thread left (%s); raise the limit: ulimit -u, or pids.max of the cgroup"
            .formatted(cause.getMessage()),
        cause);
  }
}
