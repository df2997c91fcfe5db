package iomodels.lab.trace;

import iomodels.lab.trace.StraceParser.Raw;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Gives those calls their names that were under way when strace came, and that the kernel went on
 * with by restart_syscall (man 2): what strace writes is {@code restart_syscall(<... resuming
 * interrupted read ...>)}, where the name is right if it has seen the call begin, and else of
 * something that is never restarted.
 */
final class Restarts {

  /** What the kernel goes on with like this; others are just made again. */
  private static final Set<String> RESTARTED =
      Set.of("poll", "nanosleep", "clock_nanosleep", "futex");

  private static final String RESTART = "restart_syscall";
  private static final Pattern RESUMING =
      Pattern.compile("<\\.\\.\\. resuming interrupted (\\w+).*");

  private Restarts() {}

  /**
   * The calls of one thread with their names.
   *
   * @param calls in their order
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

  /** By what strace says, or by what is returned, or by what the thread does again later. */
  private static String name(Raw raw, List<Raw> later) {
    Matcher resuming = RESUMING.matcher(raw.arguments());
    if (resuming.lookingAt() && RESTARTED.contains(resuming.group(1))) {
      return resuming.group(1);
    }
    if (raw.value() > 0) {
      return "poll"; // The only one that counts.
    }
    if (raw.error().equals("ETIMEDOUT")) {
      return "futex"; // The only one for which it is an error.
    }
    Optional<String> again = later.stream().map(Raw::name).filter(RESTARTED::contains).findFirst();
    return again.orElse(RESTART);
  }
}
