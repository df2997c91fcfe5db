package iomodels.conformance.targets;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A server or program in a process that the kit has started.
 *
 * @param child the process
 * @param address where it listens
 */
record ManagedInstance(ManagedProcess child, InetSocketAddress address) implements Instance {

  @Override
  public Optional<ProcessHandle> process() {
    return Optional.of(child.handle());
  }

  @Override
  public OptionalLong errorBytes() {
    return OptionalLong.of(child.errorBytes());
  }

  @Override
  public Optional<String> crash(Duration within) throws InterruptedException {
    return child.awaitEnd(within) ? Optional.of(child.end()) : Optional.empty();
  }

  @Override
  public void stop() {
    child.terminate();
  }

  /** Processes that it has started are a part of the server, and have to end as well. */
  @Override
  public boolean awaitEnd(Duration within) throws InterruptedException {
    return child.awaitEndOfAll(within);
  }

  /** Kills the process: the test is over. */
  @Override
  public void close() {
    child.kill();
  }
}
