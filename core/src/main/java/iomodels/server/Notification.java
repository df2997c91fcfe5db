package iomodels.server;

/** How a server learns that a socket is ready or an operation is complete. */
public enum Notification {
  /** The blocking call returns when the data has been copied. */
  RETURN("the call returns"),
  /** There is no notification: the server tries each socket in turn. */
  POLLING("polling"),
  /** A socket is reported as long as it is ready. */
  LEVEL_TRIGGERED("readiness, level-triggered"),
  /** A socket is reported once when it becomes ready. */
  EDGE_TRIGGERED("readiness, edge-triggered"),
  /** A signal reports that a socket is ready. */
  SIGNAL("signal"),
  /** A completed operation is reported, together with its data. */
  COMPLETION("completion"),
  /** The framework calls a handler or a subscriber, and passes the data. */
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
