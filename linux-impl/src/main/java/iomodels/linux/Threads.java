package iomodels.linux;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/** Starts the thread that a server's loop runs on. */
final class Threads {

  private Threads() {}

  /**
   * Starts a thread.
   *
   * @return completes when the loop has ended
   * @throws IOException if the system has no thread left
   */
  static CompletableFuture<Void> start(String name, Runnable loop) throws IOException {
    try {
      return CompletableFuture.runAsync(loop, it -> Thread.ofPlatform().name(name).start(it));
    } catch (OutOfMemoryError e) {
      throw new IOException(
          "the system has no thread left (%s); raise the limit: ulimit -u, or pids.max of the cgroup"
              .formatted(e.getMessage()),
          e);
    }
  }
}
