package iomodels.lab.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Divides servers into groups that are measured in the same turns. All servers of a group have the
 * same number of connections. Groups are small, because the machine should not change within a
 * turn. The two common yardsticks of each turn are not counted.
 */
final class Groups {

  private static final int AT_MOST = 8;

  /** Each server may bring a twin. */
  private static final int AT_MOST_WITH_TWINS = 4;

  private Groups() {}

  /** As few groups as possible, of about the same size. */
  static List<List<ServerSpec>> of(List<ServerSpec> specs, int connections, boolean twins) {
    Map<Integer, List<ServerSpec>> byConnections = new LinkedHashMap<>();
    for (ServerSpec spec : specs) {
      byConnections
          .computeIfAbsent(Math.min(connections, spec.connections()), _ -> new ArrayList<>())
          .add(spec);
    }
    int atMost = twins ? AT_MOST_WITH_TWINS : AT_MOST;
    List<List<ServerSpec>> groups = new ArrayList<>();
    for (List<ServerSpec> alike : byConnections.values()) {
      int many = Math.ceilDiv(alike.size(), atMost);
      for (int i = 0; i < many; i++) {
        groups.add(
            List.copyOf(alike.subList(i * alike.size() / many, (i + 1) * alike.size() / many)));
      }
    }
    return groups;
  }
}
