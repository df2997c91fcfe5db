package iomodels.conformance.targets;

import java.net.InetSocketAddress;
import java.time.Duration;

/** A server in a process that the kit has started. */
record ChildInstance(Child child, InetSocketAddress address) implements Instance {

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
