package iomodels.time;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Actions of a loop that are all due after the same delay, and so in the order in which they were
 * added. For the thread of the loop.
 */
public final class Timeouts {

  private record Timeout(Deadline deadline, Runnable action) {}

  private final Duration delay;
  private final Queue<Timeout> pending = new ArrayDeque<>();

  /** No actions yet; each will be due after that delay. */
  public Timeouts(Duration delay) {
    this.delay = delay;
  }

  /** Adds an action; its delay begins now. */
  public void add(Runnable action) {
    pending.add(new Timeout(Deadline.in(delay), action));
  }

  /** Whether no action is pending. */
  public boolean isEmpty() {
    return pending.isEmpty();
  }

  /** Runs the actions that are due. */
  public void runDue() {
    while (!pending.isEmpty() && pending.peek().deadline.isOver()) {
      pending.remove().action.run();
    }
  }
}
