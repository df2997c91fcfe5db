package iomodels.conformance;

import java.util.List;

/** Receives the progress of a run. Its methods are called by one thread at a time. */
public interface Observer {

  /** A rule is about to be tested. */
  default void starts(Rule rule) {}

  /** A rule has a verdict. Rules are reported in any order. */
  void found(Finding finding);

  /** The run has ended early; these are the findings for the rules that it has not tested. */
  default void notTested(List<Finding> findings) {
    findings.forEach(this::found);
  }
}
