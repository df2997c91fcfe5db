package iomodels.lab.trace;

import iomodels.lab.trace.StraceParser.Raw;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the names of calls that were in progress when strace attached and that the kernel continued
 * with restart_syscall (man 2). strace writes {@code restart_syscall(<... resuming interrupted read
 * ...>)}: the name is right only if strace has seen the call begin. Otherwise it is that of a call
 * that is never restarted.
 */
final class Restarts {

  /** Calls that the kernel continues like this; others begin anew. */
  private static final Set<String> RESTARTED =
      Set.of("poll", "nanosleep", "clock_nanosleep", "futex");

  private static final String RESTART = "restart_syscall";
  private static final Pattern RESUMING =
      Pattern.compile("<\\.\\.\\. resuming interrupted (\\w+).*");

  private Restarts() {}

  /**
   * Returns the calls of one thread with their real names.
   *
   * @param calls in order
   */
  static List<Raw> named(List<Raw> calls) {
    List<Raw> named = new ArrayList<>(calls.size());
    for (int i = 0; i < calls.size(); i++) {
      Raw raw = calls.get(i);
      named.add(raw.name().equals(RESTART) ? named(raw, calls.subList(i + 1, calls.size())) : raw);
    }
    return named;
  }

  private static Raw named(Raw raw, List<Raw> later) {
    return new Raw(raw.start(), raw.duration(), name(raw, later), "…", raw.result(), raw.words());
  }

  /** Infers the name from strace, from the result, or from a later call of the thread. */
  private static String name(Raw raw, List<Raw> later) {
    Matcher resuming = RESUMING.matcher(raw.arguments());
    if (resuming.lookingAt() && RESTARTED.contains(resuming.group(1))) {
      return resuming.group(1);
    }
    if (raw.value() > 0) {
      return "poll"; // The only one with a positive result.
    }
    if (raw.error().equals("ETIMEDOUT")) {
      return "futex"; // The only one with this error.
    }
    Optional<String> again = later.stream().map(Raw::name).filter(RESTARTED::contains).findFirst();
    return again.orElse(RESTART);
  }
}
