package iomodels.lab.load;

/** Creates the load generator for a load. */
public final class LoadGenerators {

  private LoadGenerators() {}

  /**
   * Prepares a load. Connections that stay open are opened now and are idle between rounds. The
   * rounds of two servers can therefore alternate in one run, and a disturbance of the machine
   * affects both.
   *
   * @throws LoadException if the server refuses a connection, or does not accept one in time
   */
  public static LoadGenerator connect(Load load) throws LoadException, InterruptedException {
    return switch (load.shape()) {
      case STREAM -> StreamLoad.connect(load);
      case CHURN -> ChurnLoad.prepare(load);
      case DATAGRAMS -> DatagramLoad.open(load);
      case CHAT -> ChatLoad.enter(load);
      case EVENT_STREAMS -> EventStreamClients.connect(load);
    };
  }
}
