package iomodels.cli.output;

import iomodels.conformance.Rule;
import java.util.ArrayList;
import java.util.List;

/** Writes the ids of rules in short: {@code 1.01-1.04 2.01}. */
public final class RuleIds {

  /** Two ids are not longer than a range. */
  private static final int SHORTEST_RANGE = 3;

  private RuleIds() {}

  /** The ids, in this order; a range for consecutive numbers of a section. */
  public static String of(List<Rule> rules) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= rules.size(); i++) {
      if (i < rules.size() && isNext(rules.get(i - 1), rules.get(i))) {
        continue;
      }
      List<String> run = rules.subList(from, i).stream().map(Rule::id).toList();
      if (run.size() < SHORTEST_RANGE) {
        parts.addAll(run);
      } else {
        parts.add(run.getFirst() + "-" + run.getLast());
      }
      from = i;
    }
    return String.join(" ", parts);
  }

  private static boolean isNext(Rule one, Rule other) {
    return one.section() == other.section() && number(one) + 1 == number(other);
  }

  /** The part of the id behind the dot. */
  private static int number(Rule rule) {
    return Integer.parseInt(rule.id().substring(rule.id().indexOf('.') + 1));
  }
}
