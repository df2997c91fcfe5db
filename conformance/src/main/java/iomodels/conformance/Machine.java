package iomodels.conformance;

import java.util.Optional;

/** Detects disturbances by the machine. Safe for use by several threads. */
interface Machine {

  /** Starts a watch, which covers the time from this call on. */
  Watch watch();

  /** The disturbances since the watch started. Safe for use by several threads. */
  interface Watch {

    /** Returns a description of resets by the kernel, which any rule sees; empty if none. */
    Optional<String> resets();

    /** Returns a description of a shortage that can delay any rule; empty if there was none. */
    Optional<String> shortage();

    /** Returns a description of a pause that can make a rule about time fail; empty if none. */
    Optional<String> pause();

    /** Returns the share of the machine's processors, from 0 to 1, that other processes used. */
    double takenByOthers();

    /** Whether the processors were hardly ever idle, or this is not known. */
    boolean isSaturated();
  }
}
