package iomodels.conformance.targets;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** A server that the kit has launched for one test. */
public interface Instance extends AutoCloseable {

  /** Where it says that it listens. */
  InetSocketAddress address();

  /** The process that it runs in, with its descendants, if it has one of its own. */
  default Optional<ProcessHandle> process() {
    return Optional.empty();
  }

  /**
   * How many objects of its own it has that somebody still refers to: connections, calls, callbacks
   * of timers and subscriptions. Empty if that cannot be seen.
   */
  default OptionalLong objects() throws IOException, InterruptedException {
    return OptionalLong.empty();
  }

  /**
   * How many bytes its process has written to its standard error by now. Empty if that cannot be
   * seen.
   */
  default OptionalLong errorBytes() {
    return OptionalLong.empty();
  }

  /** Asks it to stop, as a user would: SIGTERM, or {@code close()}. Returns at once. */
  void stop();

  /** Waits for it to have ended; false if it has not within that time. */
  boolean awaitEnd(Duration within) throws InterruptedException;

  /** Ends it by force if need be. */
  @Override
  void close();
}
