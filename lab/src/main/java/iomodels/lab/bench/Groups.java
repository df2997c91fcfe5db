package iomodels.lab.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who is measured in the same turns: servers that carry the same number of connections, and not so
 * many that a turn gets long, since within a turn the machine is taken to stay the same.
 */
final class Groups {

  /** Beside them in each turn: their twins, and the common yardstick twice. */
  private static final int AT_MOST = 4;

  private Groups() {}

  static List<List<Candidate>> of(List<Candidate> candidates, int connections) {
    Map<Integer, List<List<Candidate>>> byConnections = new LinkedHashMap<>();
    for (Candidate candidate : candidates) {
      int many = Math.min(connections, candidate.connections());
      List<List<Candidate>> alike = byConnections.computeIfAbsent(many, _ -> new ArrayList<>());
      if (alike.isEmpty() || alike.getLast().size() == AT_MOST) {
        alike.add(new ArrayList<>());
      }
      alike.getLast().add(candidate);
    }
    return byConnections.values().stream().flatMap(List::stream).map(List::copyOf).toList();
  }
}
