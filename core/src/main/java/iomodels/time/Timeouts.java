package iomodels.time;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * A queue of actions that an event loop runs after a delay. The delay is the same for all, so they
 * become due in the order in which they were added. Not safe for use by several threads.
 */
public final class Timeouts {

  private record Timeout(Deadline deadline, Runnable action) {}

  private final Duration delay;
  private final Queue<Timeout> pending = new ArrayDeque<>();

  /** Creates an empty queue; each action is due the given delay after it was added. */
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

  /** Runs and removes the actions that are due. */
  public void runDue() {
    while (!pending.isEmpty() && pending.peek().deadline.isOver()) {
      pending.remove().action.run();
    }
  }
}
