package iomodels.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;

/** Starts the threads of event loops. */
final class Threads {

  private Threads() {}

  /** The task of a thread. */
  @FunctionalInterface
  interface Loop {
    void run() throws IOException;
  }

  /**
   * Starts a thread.
   *
   * @return completes when the loop has ended; exceptionally if it threw
   * @throws IOException if the system has no thread left
   */
  static CompletableFuture<Void> start(String name, Loop loop) throws IOException {
    try {
      return CompletableFuture.runAsync(
          () -> run(loop), it -> Thread.ofPlatform().name(name).start(it));
    } catch (OutOfMemoryError e) {
      throw new IOException(
          "the system has no thread left (%s); raise the limit: ulimit -u, or pids.max of the cgroup"
              .formatted(e.getMessage()),
          e);
    }
  }

  private static void run(Loop loop) {
    try {
      loop.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
