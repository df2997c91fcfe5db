package iomodels.conformance.targets;

import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.util.List;

/**
 * A program that is to be judged; each rule has servers of its own, since each has its own
 * upstreams. Safe for use by several threads. Closing it ends whatever it started.
 */
public non-sealed interface ProgramTarget extends Subject {

  /** What it is. */
  Program program();

  /** Returns what limits the judgement on this machine, for the report. */
  default List<String> notes() {
    return List.of();
  }

  /** Whether what it starts runs in a process of its own. */
  default boolean launchesProcesses() {
    return true;
  }

  /**
   * Starts a server, on the port of its configuration if that is not 0.
   *
   * @throws IOException if it does not come up, with its own words
   */
  Instance launch(ProgramConfig config) throws IOException, InterruptedException;

  /** Whether {@link #launchAlone} can be called. */
  default boolean launchesAlone() {
    return launchesProcesses();
  }

  /**
   * Starts a server in a process in which nothing else runs, so that the kit may pause it.
   *
   * @throws IOException if it does not come up, with its own words
   */
  default Instance launchAlone(ProgramConfig config) throws IOException, InterruptedException {
    return launch(config);
  }
}
