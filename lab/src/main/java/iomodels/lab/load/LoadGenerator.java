package iomodels.lab.load;

import java.time.Duration;

/**
 * Puts a server under load and verifies every byte of every reply.
 *
 * <p>All work happens on the caller's thread, in one {@link java.nio.channels.Selector}, without
 * allocation per message: the generator must cost less than the server it measures. For use by one
 * thread at a time. An interrupt ends a round at once. After an interrupt or a {@link
 * LoadException} the generator can only be closed.
 */
public interface LoadGenerator extends AutoCloseable {

  /**
   * Keeps the server busy for a time, then waits for the outstanding replies. To warm a server up,
   * run a round and ignore its result.
   *
   * @throws LoadException if the server fails under load; no later than {@code duration} and the
   *     load's patience together, whatever the server does
   */
  default LoadResult round(Duration duration) throws LoadException, InterruptedException {
    return round(duration, RoundObserver.NONE);
  }

  /**
   * Runs a round with an observer.
   *
   * @throws LoadException as {@link #round(Duration)}
   */
  LoadResult round(Duration duration, RoundObserver observer)
      throws LoadException, InterruptedException;

  /** Closes all connections. */
  @Override
  void close();
}
