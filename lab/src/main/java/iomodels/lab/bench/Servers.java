package iomodels.lab.bench;

import java.io.IOException;
import java.util.List;

/**
 * Starts the servers to be measured, each in a process of its own and on the servers' processor.
 * Closing it ends all of them. For use by one thread at a time.
 */
public interface Servers extends AutoCloseable {

  /**
   * Starts a server.
   *
   * @param name of a model or style, {@code c-NAME} for a yardstick, {@code nginx}, or {@code
   *     example-NAME}
   * @param jvmFlags for its JVM, if it has one, besides those that it needs
   * @throws IOException if it does not start, or does not work on this machine; the message says
   *     why
   */
  ServerUnderTest start(String name, List<String> jvmFlags)
      throws IOException, InterruptedException;

  @Override
  void close();
}
