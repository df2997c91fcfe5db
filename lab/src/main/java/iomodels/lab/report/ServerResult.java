package iomodels.lab.report;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The result of one server in one scenario. The scenario decides which of {@code load}, {@code
 * idle} and {@code systemCalls} are present. If none is, {@code unfit} or {@code failure} says why.
 *
 * @param name of the model, of an example, or of a yardstick such as {@code c-epoll}
 * @param server the name with the transport, if the server has a choice
 * @param twin the yardstick in C of the same model
 * @param load throughput, latency and costs under load
 * @param idle memory of connections that are idle, or nearly so, from few to many
 * @param systemCalls calls per message by name, the most frequent first
 * @param caveats why its figures are unreliable; empty if they are reliable
 * @param unfit why the scenario does not apply to the server, or empty
 * @param failure why there are no figures although the scenario applies, or empty
 */
public record ServerResult(
    String name,
    String server,
    String twin,
    Optional<LoadFigures> load,
    Optional<List<IdlePoint>> idle,
    Optional<Map<String, Double>> systemCalls,
    List<Caveat> caveats,
    String unfit,
    String failure) {

  /** A server that the scenario does not apply to. */
  public static ServerResult unfit(String name, String twin, String why) {
    return withoutFigures(name, twin, why, "");
  }

  /** A server that failed. */
  public static ServerResult failed(String name, String twin, String why) {
    return withoutFigures(name, twin, "", why);
  }

  /** Returns a copy with the load, the caveats and the failure of another result. */
  public ServerResult withLoad(ServerResult other) {
    return new ServerResult(
        name,
        server,
        twin,
        other.load,
        idle,
        systemCalls,
        other.caveats.isEmpty() ? caveats : other.caveats,
        unfit,
        other.failure);
  }

  private static ServerResult withoutFigures(
      String name, String twin, String unfit, String failure) {
    return new ServerResult(
        name,
        name,
        twin,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        unfit,
        failure);
  }

  /**
   * Memory of a number of idle connections, beyond that without connections.
   *
   * @param connections number of connections
   * @param processBytes growth of the process outside the heap
   * @param heapBytes growth of the live objects; 0 without a heap
   */
  public record IdlePoint(int connections, long processBytes, long heapBytes) {}
}
