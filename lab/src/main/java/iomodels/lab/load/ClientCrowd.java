package iomodels.lab.load;

/** Many clients of one server, whose number grows. For use by one thread at a time. */
public interface ClientCrowd extends AutoCloseable {

  /**
   * Adds clients until there are {@code size}, and waits until the server has answered each of
   * them.
   *
   * @param progress called for each client that has been answered
   * @throws LoadException if the server refuses a client, does not answer it in time, or answers
   *     wrongly
   */
  void growTo(int size, Runnable progress) throws LoadException, InterruptedException;

  /** Closes all connections. */
  @Override
  void close();
}
