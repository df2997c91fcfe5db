package iomodels.conformance.targets;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/** A server in a process that the kit has started. */
record ChildInstance(Child child, InetSocketAddress address) implements Instance {

  @Override
  public Optional<ProcessHandle> process() {
    return Optional.of(child.handle());
  }

  @Override
  public void stop() {
    child.terminate();
  }

  @Override
  public boolean awaitEnd(Duration within) throws InterruptedException {
    return child.awaitEnd(within);
  }

  @Override
  public void close() {
    child.close();
  }
}
