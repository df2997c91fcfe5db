package iomodels.conformance;

import iomodels.service.Service;
import java.util.List;
import java.util.concurrent.Semaphore;

/** A prepared subject, which knows which rules apply to it. Safe for use by several threads. */
interface Examination {

  /** Returns why a rule does not apply, always with the same text; empty if it applies. */
  String reasonToSkip(Rule rule);

  /** Returns the semaphore of which a test of this rule needs a permit. */
  Semaphore permits(Rule rule);

  /** Creates the context of one run of a test. */
  TestContext context(Rule rule, Bounds bounds, long seed);

  /** Returns the service that the rule is tested with; must not be called for a program's rule. */
  default Service service(Rule rule) {
    return rule.services().getFirst();
  }

  /** Returns whether a {@link Control} server can be tested by this rule as well. */
  default boolean hasControl(Rule rule) {
    return false;
  }

  /** Returns observations that were made while the subject was prepared. */
  default List<String> notes() {
    return List.of();
  }
}
