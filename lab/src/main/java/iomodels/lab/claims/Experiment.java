package iomodels.lab.claims;

import iomodels.lab.load.LoadException;
import iomodels.lab.report.Chart;
import iomodels.lab.report.ClaimResult.Verdict;
import java.io.IOException;
import java.util.List;

/** A claim, and an experiment that tests whether it holds on this machine. Without state. */
public interface Experiment {

  /** A short name, such as {@code select-slows-down}. */
  String id();

  /** The claim as a sentence. */
  String claim();

  /** A description of the experiment. */
  String words();

  /**
   * Runs the experiment. The verdict follows from the figures alone, and only from differences that
   * are larger than the noise.
   *
   * @throws IOException if a server does not start or a tool is missing; the message says which
   * @throws LoadException if a server fails under load
   */
  Finding run(Laboratory laboratory) throws IOException, LoadException, InterruptedException;

  /**
   * The result.
   *
   * @param words the reason of the verdict, with the figures
   */
  record Finding(Verdict verdict, String words, List<Chart> charts) {}
}
