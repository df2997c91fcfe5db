package iomodels.conformance;

import java.util.List;
import java.util.concurrent.Semaphore;

/** What the kit has to know of a subject to try rules on it. Safe for use by several threads. */
interface Examination {

  /** Returns why a rule does not apply, always in the same words; empty if it does. */
  String reasonToSkip(Rule rule);

  /** Returns the permits of which a try of this rule needs one. */
  Semaphore permits(Rule rule);

  /** Makes the context of one try. */
  TestContext context(Rule rule, Bounds bounds, long seed);

  /** Whether a {@link Control} server can be tried by a rule about time as well. */
  default boolean hasControl(Rule rule) {
    return false;
  }

  /** Returns what was noticed while the subject was prepared. */
  default List<String> notes() {
    return List.of();
  }
}
