package iomodels.site;

import static iomodels.lab.trace.SystemCalls.ACCEPTS;
import static iomodels.lab.trace.SystemCalls.READINESS;
import static iomodels.lab.trace.SystemCalls.READS;
import static iomodels.lab.trace.SystemCalls.WRITES;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Determines in which region of a server's page a system call is made. It follows from the call:
 * the regions have the same meaning in every page.
 */
final class StepRegion {

  /** Waits for completions, and may also submit operations. */
  private static final String RING = "io_uring_enter";

  private static final List<String> CLOSES = List.of("shutdown", "close");

  /** Calls that set up a connection, or change what a server waits for. */
  private static final List<String> SETTINGS = List.of("fcntl", "ioctl", "setsockopt", "epoll_ctl");

  /** Calls of the runtime: threads that wait for each other, or for time to pass. */
  private static final List<String> PARKS =
      List.of("futex", "nanosleep", "clock_nanosleep", "restart_syscall");

  /** No region: the runtime or the framework makes the call. */
  static final String NONE = "";

  private StepRegion() {}

  /** Returns whether the region of a call with this name is known. */
  static boolean isKnown(String name) {
    return RING.equals(name)
        || Stream.<Collection<String>>of(READS, WRITES, ACCEPTS, READINESS, CLOSES, SETTINGS, PARKS)
            .anyMatch(it -> it.contains(name));
  }

  /**
   * Returns the region of a call.
   *
   * @param waiting whether the call is in its first phase, waiting
   * @param talking the clients of which the server has read or that it has written to
   */
  static String of(TracedCall call, boolean waiting, Set<String> talking) {
    List<String> names = call.names();
    if (ACCEPTS.containsAll(names)) {
      return "accept";
    }
    if (names.stream().allMatch(it -> READINESS.contains(it) || it.equals(RING))) {
      return "wait";
    }
    if (CLOSES.containsAll(names)) {
      return call.client().isEmpty() ? NONE : "close";
    }
    if (SETTINGS.containsAll(names)) {
      return call.client().isEmpty()
          ? NONE
          : talking.contains(call.client()) ? "converse" : "accept";
    }
    if (call.kind().equals("ask") || call.kind().equals("wait")) {
      return ofUnsuccessful(call, waiting);
    }
    boolean moves = names.stream().anyMatch(it -> READS.contains(it) || WRITES.contains(it));
    if (!moves || call.client().isEmpty()) {
      return NONE;
    }
    return waiting && READS.containsAll(names) ? "wait" : "converse";
  }

  /** A loop that asks one socket after the other waits by asking. */
  private static String ofUnsuccessful(TracedCall call, boolean waiting) {
    if (call.names().size() > 1 && call.names().stream().anyMatch(ACCEPTS::contains)) {
      return "wait";
    }
    if (call.client().isEmpty()) {
      return NONE;
    }
    return waiting && READS.containsAll(call.names()) ? "wait" : "converse";
  }
}
