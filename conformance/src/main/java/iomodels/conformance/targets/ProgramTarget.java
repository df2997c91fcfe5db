package iomodels.conformance.targets;

import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.util.List;

/**
 * A program to test. Each rule starts instances of its own, since each rule has its own upstreams.
 * Safe for use by several threads. Closing it ends everything that it has started.
 */
public non-sealed interface ProgramTarget extends Subject {

  /** Returns the program that this target implements. */
  Program program();

  /** Returns notes for the report, such as what this machine cannot show. */
  default List<String> notes() {
    return List.of();
  }

  /** Returns whether others wrote it: it may be anything, so the kit probes it first. */
  default boolean isExternal() {
    return false;
  }

  /** Returns whether the kit starts and stops its instances. */
  default boolean launchable() {
    return true;
  }

  /** Returns whether its instances apply the time limit of their configuration. */
  default boolean hasDeadline() {
    return true;
  }

  /** Returns whether its instances run in a process of their own. */
  default boolean launchesProcesses() {
    return true;
  }

  /**
   * Starts an instance, on the port of its configuration unless that is 0.
   *
   * @throws IOException if it does not start; the message is the program's own
   */
  Instance launch(ProgramConfig config) throws IOException, InterruptedException;

  /** Returns whether {@link #launchAlone} can be called. */
  default boolean launchesAlone() {
    return launchesProcesses();
  }

  /**
   * Starts an instance in a process in which nothing else runs, so that the kit can pause it.
   *
   * @throws IOException if it does not start; the message is the program's own
   */
  default Instance launchAlone(ProgramConfig config) throws IOException, InterruptedException {
    return launch(config);
  }
}
