package iomodels.server;

/** The threads of a server. */
public enum Threading {
  /** One thread that serves all connections. */
  ONE("one"),
  /** One thread that accepts, and one platform thread for each connection. */
  PER_CONNECTION("one per connection"),
  /** A fixed number of threads that the connections share. */
  POOL("pool"),
  /** One virtual thread for each connection, on a few carrier threads. */
  VIRTUAL_PER_CONNECTION("virtual, one per connection"),
  /** A few event-loop threads, each with its own connections. */
  EVENT_LOOPS("event loops"),
  /** Several processes that share one port. */
  PROCESSES("processes");

  private final String title;

  Threading(String title) {
    this.title = title;
  }

  @Override
  public String toString() {
    return title;
  }
}
