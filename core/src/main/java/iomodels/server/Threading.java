package iomodels.server;

/** The threads of a server. */
public enum Threading {
  /** One thread for everything. */
  ONE("one"),
  /** One thread that accepts, and one for each connection. */
  PER_CONNECTION("one per connection"),
  /** A fixed number of threads, which connections share. */
  POOL("pool"),
  /** A virtual thread for each connection, on a few carriers. */
  VIRTUAL_PER_CONNECTION("virtual, one per connection"),
  /** A few event-loop threads, each with its own connections. */
  EVENT_LOOPS("event loops"),
  /** Several processes that share a port. */
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
