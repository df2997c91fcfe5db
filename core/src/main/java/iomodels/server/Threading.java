package iomodels.server;

/** What threads a server has. */
public enum Threading {
  /** One, for everything. */
  ONE("one"),
  /** One for accepting, one for each connection. */
  PER_CONNECTION("one per connection"),
  /** A fixed number, which connections share. */
  POOL("pool"),
  /** A virtual thread for each connection, on a few carriers. */
  VIRTUAL_PER_CONNECTION("virtual, one per connection"),
  /** A few event loops, each with connections of its own. */
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
