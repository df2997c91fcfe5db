package iomodels.conformance.targets;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.OptionalInt;

/**
 * A client to test: a program that connects to a port, sends its standard input, and shows the
 * replies on its standard output. Each test starts it anew.
 */
public non-sealed interface Client extends Subject {

  /**
   * Starts the client.
   *
   * @param port the port on loopback to which the client connects
   * @throws IOException if it cannot be started; the message is for the user
   */
  Run start(int port) throws IOException;

  /** Does nothing: the caller closes each run. */
  @Override
  default void close() {}

  /** A running client. Closing it ends the client and its descendants. */
  interface Run extends AutoCloseable {

    /** Returns its standard input. */
    OutputStream input();

    /** Returns its standard output. */
    InputStream output();

    /**
     * Waits for its end.
     *
     * @return its exit code; empty at the time limit
     */
    OptionalInt exitCode(Duration within) throws InterruptedException;

    /** Returns the last lines of standard error, in one line; empty if there are none. */
    String stderrTail() throws InterruptedException;

    @Override
    void close();
  }
}
