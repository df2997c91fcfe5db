package iomodels.conformance.targets;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * A server or program in a process that the kit has started.
 *
 * @param child the process
 * @param address where it listens
 * @param stopping tells the process to stop
 */
record ManagedInstance(
    ManagedProcess child, InetSocketAddress address, Consumer<ManagedProcess> stopping)
    implements Instance {

  @Override
  public Optional<ProcessHandle> process() {
    return Optional.of(child.handle());
  }

  @Override
  public OptionalLong errorBytes() {
    return OptionalLong.of(child.errorBytes());
  }

  @Override
  public void stop() {
    stopping.accept(child);
  }

  @Override
  public boolean awaitEnd(Duration within) throws InterruptedException {
    return child.awaitEnd(within);
  }

  /** Kills the process: the test is over. */
  @Override
  public void close() {
    child.kill();
  }
}
