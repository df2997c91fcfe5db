package iomodels.server;

/** How a server learns that it can go on. */
public enum Notification {
  /** Not at all: the call that it is in returns. */
  RETURN("the call returns"),
  /** It is not told; it asks each socket in turn. */
  POLLING("asks in turn"),
  /** It is told which sockets are ready, for as long as they are. */
  LEVEL_TRIGGERED("readiness, level-triggered"),
  /** It is told once when a socket becomes ready. */
  EDGE_TRIGGERED("readiness, edge-triggered"),
  /** A signal interrupts it. */
  SIGNAL("signal"),
  /** It is told that what it asked for has been done. */
  COMPLETION("completion"),
  /** A framework calls its code back, with the data. */
  CALLBACK("callback");

  private final String title;

  Notification(String title) {
    this.title = title;
  }

  @Override
  public String toString() {
    return title;
  }
}
