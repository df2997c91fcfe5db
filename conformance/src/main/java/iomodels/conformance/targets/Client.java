package iomodels.conformance.targets;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.OptionalInt;

/**
 * A client to be judged: a program that connects to a port, sends what comes on its standard input,
 * and shows the replies on its standard output. Each try starts it anew.
 */
public non-sealed interface Client extends Subject {

  /**
   * Starts it.
   *
   * @param port where it is to connect to, on loopback
   * @throws IOException if it cannot be started, in words for the user
   */
  Run start(int port) throws IOException;

  /** Does nothing: the caller closes each run. */
  @Override
  default void close() {}

  /** A client that has been started. Closing it ends it, and all that it started. */
  interface Run extends AutoCloseable {

    /** Its standard input; closing that ends it. */
    OutputStream input();

    /** Its standard output. */
    InputStream output();

    /**
     * Waits for its end.
     *
     * @return its exit code; empty if it has not ended within that time
     */
    OptionalInt exitCode(Duration within) throws InterruptedException;

    /** What it said last on standard error; empty if it said nothing. */
    String complaint() throws InterruptedException;

    @Override
    void close();
  }
}
