package iomodels.linux;

import static java.lang.System.Logger.Level.WARNING;

import iomodels.time.Deadline;
import java.time.Duration;

/** A warning about a frequent event. It is logged at most every ten seconds. */
final class RareWarning {

  private static final Duration INTERVAL = Duration.ofSeconds(10);

  private final System.Logger log;
  private final String message;
  private int count;
  private Deadline next = Deadline.in(Duration.ZERO);

  RareWarning(System.Logger log, String message) {
    this.log = log;
    this.message = message;
  }

  /** Counts an event; if it is time, logs the number of events since the last warning. */
  void log() {
    count++;
    if (next.isOver()) {
      log.log(WARNING, "{0} (count: {1})", message, count);
      next = Deadline.in(INTERVAL);
      count = 0;
    }
  }
}
