package iomodels.lab;

import java.io.IOException;
import java.util.List;

/**
 * Starts the servers that are to be measured, each in a process of its own, where servers belong;
 * closing it ends them all. For use by one thread at a time.
 */
public interface Servers extends AutoCloseable {

  /**
   * Starts one.
   *
   * @param name of a model, {@code c-NAME} for a yardstick, or {@code example-NAME}
   * @param jvmFlags for its JVM, if it has one, besides those that it needs
   * @throws IOException if it does not come up, or does not work on this machine, in words
   */
  Contestant start(String name, List<String> jvmFlags) throws IOException, InterruptedException;

  @Override
  void close();
}
