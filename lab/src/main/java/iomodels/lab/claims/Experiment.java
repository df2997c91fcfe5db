package iomodels.lab.claims;

import iomodels.lab.LoadException;
import iomodels.lab.report.Chart;
import iomodels.lab.report.ClaimResult.Verdict;
import java.io.IOException;
import java.util.List;

/** A sentence, and what is done to see whether it holds here. Without state. */
public interface Experiment {

  /** A short name, such as {@code select-slows-down}. */
  String id();

  /** The sentence. */
  String claim();

  /** What is done. */
  String words();

  /**
   * Does it. The verdict follows from the figures alone, which have to be farther from each other
   * than they are from themselves.
   *
   * @throws IOException if a server does not come up, or something that it takes is not here, in
   *     words
   * @throws LoadException if a server does not stand it
   */
  Finding run(Laboratory laboratory) throws IOException, LoadException, InterruptedException;

  /**
   * What came of it.
   *
   * @param words why the verdict is what it is, with the figures
   */
  record Finding(Verdict verdict, String words, List<Chart> charts) {}
}
