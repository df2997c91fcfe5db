package iomodels.conformance;

import java.util.Optional;

/** Watches what the machine does to the kit. Safe for use by several threads. */
interface Machine {

  /** Begins to watch. */
  Watch watch();

  /** What has happened since the watch began. Safe for use by several threads. */
  interface Watch {

    /** Returns why any rule may have been missed through no fault of the server; in words. */
    Optional<String> shortage();

    /** Returns why a rule about time may have been missed through no fault of the server. */
    Optional<String> pause();

    /** Returns the share of the machine's processors, from 0 to 1, that other processes had. */
    double takenByOthers();
  }
}
