package iomodels.lab;

import java.time.Duration;

/**
 * Puts a server under load and verifies every byte that it answers.
 *
 * <p>Everything happens on the caller's thread, in one {@link java.nio.channels.Selector}, and
 * nothing is allocated per message: the generator has to cost less than what it measures. For use
 * by one thread at a time. An interrupt ends a round at once; after that, as after a {@link
 * LoadException}, all that is left to do is to close it.
 */
public sealed interface LoadGenerator extends AutoCloseable
    permits StreamLoad, ChurnLoad, DatagramLoad, ChatLoad {

  /**
   * Makes ready for a load. Connections that stay are opened now and idle between rounds, so that
   * the rounds of two servers can alternate in one run: what disturbs the machine then disturbs
   * both.
   *
   * @throws LoadException if the server refuses a connection, or keeps one waiting too long
   */
  static LoadGenerator connect(Load load) throws LoadException, InterruptedException {
    return switch (load.shape()) {
      case STREAM -> StreamLoad.connect(load);
      case CHURN -> ChurnLoad.prepare(load);
      case DATAGRAMS -> DatagramLoad.open(load);
      case CHAT -> ChatLoad.enter(load);
    };
  }

  /**
   * Keeps the server busy for that long, then waits for the replies still owed. A round to warm up
   * is a round whose result nobody looks at.
   *
   * @throws LoadException if the server does not stand it; within {@code duration} and the load's
   *     patience, whatever the server does
   */
  default LoadResult round(Duration duration) throws LoadException, InterruptedException {
    return round(duration, Observer.NONE);
  }

  /**
   * The same, watched.
   *
   * @throws LoadException as without
   */
  LoadResult round(Duration duration, Observer observer) throws LoadException, InterruptedException;

  /** Closes all connections. */
  @Override
  void close();
}
