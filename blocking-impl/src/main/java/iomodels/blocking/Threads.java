package iomodels.blocking;

import static iomodels.blocking.Sockets.closeQuietly;

import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;

/** Starts the threads that a server cannot do without. */
public final class Threads {

  private Threads() {}

  /**
   * Starts a thread.
   *
   * @param sockets those that the loop uses: closed if there is no thread for it
   * @return completes when the loop has ended
   * @throws IOException if the system has no thread left
   */
  public static CompletableFuture<Void> start(
      ThreadFactory factory, Runnable loop, Closeable... sockets) throws IOException {
    try {
      return CompletableFuture.runAsync(loop, it -> factory.newThread(it).start());
    } catch (OutOfMemoryError e) {
      for (Closeable socket : sockets) {
        closeQuietly(socket);
      }
      throw noThread(e);
    }
  }

  /** A platform thread of that name. */
  static ThreadFactory platform(String name) {
    return Thread.ofPlatform().name(name).factory();
  }

  /** A virtual thread of that name. */
  public static ThreadFactory virtual(String name) {
    return Thread.ofVirtual().name(name).factory();
  }

  /**
   * Starts the threads of a pool now: later, a task for which there is no thread would be lost.
   *
   * @throws IOException if the system has no thread left; the pool is shut down
   */
  public static void startAll(ThreadPoolExecutor pool) throws IOException {
    try {
      pool.prestartAllCoreThreads();
    } catch (OutOfMemoryError e) {
      pool.shutdownNow();
      throw noThread(e);
    }
  }

  /** Replaces an error whose message mentions memory only. */
  static IOException noThread(OutOfMemoryError cause) {
    return new IOException(
        "the system has no thread left (%s); raise the limit: ulimit -u, or pids.max of the cgroup"
            .formatted(cause.getMessage()),
        cause);
  }
}
