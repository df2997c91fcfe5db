package iomodels.conformance.targets;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** A server or program that the kit has launched for one test. */
public interface Instance extends AutoCloseable {

  /** Returns the address that it announces. */
  InetSocketAddress address();

  /** Returns the process in which it runs; empty if it shares the kit's process. */
  default Optional<ProcessHandle> process() {
    return Optional.empty();
  }

  /**
   * Returns how it has ended by itself, as a phrase without a subject; empty while it runs, and if
   * the kit cannot tell. Meaningful while it has not been told to stop.
   *
   * @param within how long to wait for its end: connections are closed shortly before
   */
  default Optional<String> crash(Duration within) throws InterruptedException {
    return Optional.empty();
  }

  /**
   * Returns whether {@link #reachableObjects} can count its objects: it runs in a JVM, and jcmd
   * exists.
   */
  default boolean countsObjects() {
    return false;
  }

  /**
   * Counts the reachable objects of the program's own classes: connections, calls, callbacks of
   * timers and subscriptions. Empty if this reading failed; a later one may succeed.
   */
  default OptionalLong reachableObjects() throws IOException, InterruptedException {
    return OptionalLong.empty();
  }

  /**
   * Returns the number of bytes that its process has written to standard error so far. Empty if the
   * kit cannot read it.
   */
  default OptionalLong errorBytes() {
    return OptionalLong.empty();
  }

  /** Tells it to stop, as a user would: SIGTERM, or {@code close()}. Does not wait. */
  void stop();

  /** Waits for its end; returns false at the time limit. */
  boolean awaitEnd(Duration within) throws InterruptedException;

  /** Ends it, by force if necessary. */
  @Override
  void close();
}
