package iomodels.lab.report;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One server in one scenario. Of {@code load}, {@code idle} and {@code systemCalls} there is what
 * the scenario asks for, or {@code unfit} or {@code failure} says why there is nothing.
 *
 * @param name of the model, of an example, or of a yardstick such as {@code c-epoll}
 * @param server the same, with the transport that it ran on, if it has a choice
 * @param twin the yardstick that does the same in C
 * @param load what it carried, and what that cost
 * @param idle what its idle connections weighed, from few to many
 * @param systemCalls calls per message, by name, the most frequent first
 * @param stamps why its figures are not to be relied on; empty if they are
 * @param unfit why it was not asked for that, which is no fault of it; or empty
 * @param failure why it was asked and there are no figures, or empty
 */
public record ServerResult(
    String name,
    String server,
    String twin,
    Optional<LoadFigures> load,
    Optional<List<IdlePoint>> idle,
    Optional<Map<String, Double>> systemCalls,
    List<Stamp> stamps,
    String unfit,
    String failure) {

  /** One that is not made for what the scenario asks. */
  public static ServerResult unfit(String name, String twin, String why) {
    return withoutFigures(name, twin, why, "");
  }

  /** One that was asked, and did not do it. */
  public static ServerResult failed(String name, String twin, String why) {
    return withoutFigures(name, twin, "", why);
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
   * What a crowd of idle connections weighed.
   *
   * @param connections how many
   * @param processBytes what the process had grown by, outside a heap, since there was none
   * @param heapBytes what live objects had grown by, since there was none; 0 without a heap
   */
  public record IdlePoint(int connections, long processBytes, long heapBytes) {}
}
