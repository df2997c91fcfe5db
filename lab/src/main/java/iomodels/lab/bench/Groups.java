package iomodels.lab.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who is measured in the same turns: servers that carry the same number of connections, and not so
 * many that a turn gets long, since within a turn the machine is taken to stay the same. What there
 * is beside them in each turn is not counted: the common yardstick twice.
 */
final class Groups {

  private static final int AT_MOST = 8;

  /** Each may bring a twin. */
  private static final int AT_MOST_WITH_TWINS = 4;

  private Groups() {}

  /** As few groups as will do, of about the same size. */
  static List<List<Candidate>> of(List<Candidate> candidates, int connections, boolean twins) {
    Map<Integer, List<Candidate>> byConnections = new LinkedHashMap<>();
    for (Candidate candidate : candidates) {
      byConnections
          .computeIfAbsent(Math.min(connections, candidate.connections()), _ -> new ArrayList<>())
          .add(candidate);
    }
    int atMost = twins ? AT_MOST_WITH_TWINS : AT_MOST;
    List<List<Candidate>> groups = new ArrayList<>();
    for (List<Candidate> alike : byConnections.values()) {
      int many = Math.ceilDiv(alike.size(), atMost);
      for (int i = 0; i < many; i++) {
        groups.add(
            List.copyOf(alike.subList(i * alike.size() / many, (i + 1) * alike.size() / many)));
      }
    }
    return groups;
  }
}
