package iomodels.conformance.targets;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/** A server that the kit has launched for one trial. */
public interface Instance extends AutoCloseable {

  /** Where it says that it listens. */
  InetSocketAddress address();

  /** The process that it runs in, with its descendants, if it has one of its own. */
  default Optional<ProcessHandle> process() {
    return Optional.empty();
  }

  /** Asks it to stop, as a user would: SIGTERM, or {@code close()}. Returns at once. */
  void stop();

  /** Waits for it to have ended; false if it has not within that time. */
  boolean awaitEnd(Duration within) throws InterruptedException;

  /** Ends it by force if need be. */
  @Override
  void close();
}
