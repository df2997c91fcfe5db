package iomodels.lab.load;

/**
 * A position in the schedule of an open loop: the next message to send. Messages are numbered over
 * all senders, and belong to the senders in turn: of {@code n} senders, each has every {@code
 * n}-th. For use by one thread.
 */
final class DueCursor {

  private final long first;
  private final long step;
  private long next;

  /**
   * Starts at a message and skips those of the other senders.
   *
   * @param first number of the first message, from 0
   * @param step how many senders there are
   */
  DueCursor(long first, long step) {
    this.first = first;
    this.step = step;
    next = first;
  }

  /** Returns to the first message: a round begins. */
  void reset() {
    next = first;
  }

  /** The number of the next message. */
  long message() {
    return next;
  }

  /** Whether the next message falls due within the round. */
  boolean isPending(Schedule schedule) {
    return schedule.includes(next);
  }

  boolean isDue(Schedule schedule, long now) {
    return schedule.isDue(next, now);
  }

  /** When the next message falls due. */
  long due(Schedule schedule) {
    return schedule.due(next);
  }

  /** Moves past the next message, and returns when it fell due. */
  long take(Schedule schedule) {
    long due = schedule.due(next);
    next += step;
    return due;
  }

  /** Moves to the end of the round. What was due but not sent has waited until then, at least. */
  void recordUnsent(Schedule schedule, RoundRecorder recorder) {
    while (isPending(schedule)) {
      recorder.neverSent(schedule.end() - take(schedule));
    }
  }
}
