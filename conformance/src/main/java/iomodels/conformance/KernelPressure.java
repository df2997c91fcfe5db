package iomodels.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * A snapshot of the counters that show whether the kernel is short of TCP memory, or drops packets
 * on this machine. Immutable.
 *
 * <p>All sockets of a machine share this memory, and {@code tcp_mem} limits it (tcp(7)). Above the
 * second of its three values the kernel is under pressure: it shrinks windows, drops segments, and
 * probes closed windows less and less often. Then a connection may make no progress for longer than
 * any rule waits, whatever the server does.
 *
 * <p>Three signs show pressure: counters that grow only under pressure, the memory in use, and the
 * kernel's own flag. Other counters also grow for one socket with a small window. They count as a
 * sign only while the memory in use is near the limit.
 *
 * <p>Packets of the loopback interface wait in a queue of each processor ({@code
 * net.core.netdev_max_backlog}); those for which there is no room are dropped. If one of them
 * opened a closed window, the sender finds out only when it probes again, which may take a minute.
 */
final class KernelPressure {

  private static final Path PROC = Path.of("/proc");
  private static final String ABORTS = "TCPAbortOnMemory";

  /** Counters of {@code TcpExt} in {@code /proc/net/netstat} that grow only if memory is short. */
  private static final List<String> SHORTAGES =
      List.of("TCPMemoryPressuresChrono", "TCPMemoryPressures", ABORTS);

  /** Counters that also grow if one socket has received more than its buffer can hold. */
  private static final List<String> LOSSES =
      List.of(
          "TCPRcvQDrop",
          "TCPBacklogDrop",
          "TCPOFODrop",
          "TCPRcvCollapsed",
          "PruneCalled",
          "RcvPruned",
          "OfoPruned");

  private final Map<String, Long> counters;
  private final long dropped;
  private final OptionalLong pages;
  private final List<Long> limits;
  private final boolean pressed;

  private KernelPressure(
      Map<String, Long> counters,
      long dropped,
      OptionalLong pages,
      List<Long> limits,
      boolean pressed) {
    this.counters = counters;
    this.dropped = dropped;
    this.pages = pages;
    this.limits = limits;
    this.pressed = pressed;
  }

  /** Reads the counters of this machine; empty without {@code /proc}. */
  static KernelPressure now() {
    return in(PROC);
  }

  /** Reads the counters from files below {@code proc}; missing files count as empty. */
  static KernelPressure in(Path proc) {
    return new KernelPressure(
        counters(lines(proc.resolve("net/netstat"))),
        dropped(lines(proc.resolve("net/softnet_stat"))),
        pages(lines(proc.resolve("net/sockstat"))),
        numbers(lines(proc.resolve("sys/net/ipv4/tcp_mem"))),
        pressed(lines(proc.resolve("net/protocols"))));
  }

  /**
   * Returns a description of connections that the kernel has aborted since an earlier snapshot,
   * because their data would have taken more memory than the third limit: instead of FIN, their
   * clients receive RST. Empty if there are none.
   */
  Optional<String> abortsSince(KernelPressure earlier) {
    String aborts = grown(earlier, List.of(ABORTS));
    return aborts.isEmpty()
        ? Optional.empty()
        : Optional.of("the kernel was short of memory for TCP, and reset connections: " + aborts);
  }

  /** Returns the signs of either since an earlier snapshot; empty without signs. */
  Optional<String> since(KernelPressure earlier) {
    String signs = grown(earlier, SHORTAGES);
    if (signs.isEmpty() && (isShort() || earlier.isShort())) {
      signs = "%,d pages were in use".formatted(Math.max(used(), earlier.used()));
    }
    String losses = grown(earlier, LOSSES);
    if (signs.isEmpty() && !losses.isEmpty() && (isNear() || earlier.isNear())) {
      signs = losses;
    }
    if (!signs.isEmpty()) {
      return Optional.of("the kernel was short of memory for TCP: " + signs);
    }
    return dropped > earlier.dropped
        ? Optional.of(
            "the kernel dropped %,d packets, since too many were waiting"
                .formatted(dropped - earlier.dropped))
        : Optional.empty();
  }

  private String grown(KernelPressure earlier, List<String> names) {
    return names.stream()
        .filter(it -> growth(earlier, it) > 0)
        .map(it -> "%s grew by %,d".formatted(it, growth(earlier, it)))
        .collect(Collectors.joining(", "));
  }

  private long growth(KernelPressure earlier, String name) {
    Long before = earlier.counters.get(name);
    Long after = counters.get(name);
    return before == null || after == null ? 0 : after - before;
  }

  private boolean isShort() {
    return pressed || (limits.size() == 3 && used() >= limits.get(1));
  }

  /** Returns whether pressure may last: once begun, it ends only below the first limit. */
  private boolean isNear() {
    return limits.size() == 3 && used() >= limits.getFirst();
  }

  private long used() {
    return pages.orElse(0);
  }

  /** Parses a line of names and a line of numbers, which both begin with {@code TcpExt:}. */
  private static Map<String, Long> counters(List<String> netstat) {
    Map<String, Long> counters = new HashMap<>();
    List<String> both = netstat.stream().filter(it -> it.startsWith("TcpExt:")).toList();
    if (both.size() == 2) {
      String[] names = both.getFirst().strip().split(" +", -1);
      String[] numbers = both.getLast().strip().split(" +", -1);
      for (int i = 1; i < Math.min(names.length, numbers.length); i++) {
        String name = names[i];
        number(numbers[i]).ifPresent(it -> counters.put(name, it));
      }
    }
    return counters;
  }

  /** Adds up the second of the hexadecimal numbers in each line; there is a line per processor. */
  private static long dropped(List<String> softnet) {
    long sum = 0;
    for (String line : softnet) {
      String[] numbers = line.strip().split(" +", -1);
      try {
        sum += numbers.length > 1 ? Long.parseLong(numbers[1], 16) : 0;
      } catch (NumberFormatException _) {
        return 0;
      }
    }
    return sum;
  }

  /** Parses {@code TCP: inuse 2 orphan 0 tw 5889 alloc 7 mem 176}: 176 pages are in use. */
  private static OptionalLong pages(List<String> sockstat) {
    for (String line : sockstat) {
      List<String> words = List.of(line.strip().split(" +", -1));
      int mem = words.indexOf("mem");
      if (words.getFirst().equals("TCP:") && mem > 0 && mem + 1 < words.size()) {
        return number(words.get(mem + 1));
      }
    }
    return OptionalLong.empty();
  }

  private static List<Long> numbers(List<String> lines) {
    return lines.stream()
        .flatMap(it -> List.of(it.strip().split("\\s+", -1)).stream())
        .flatMap(it -> number(it).stream().boxed())
        .toList();
  }

  /** Parses the column {@code press} of the protocol {@code TCP}. */
  private static boolean pressed(List<String> protocols) {
    if (protocols.isEmpty()) {
      return false;
    }
    int column = List.of(protocols.getFirst().strip().split(" +", -1)).indexOf("press");
    return protocols.stream()
        .map(it -> List.of(it.strip().split(" +", -1)))
        .filter(it -> it.getFirst().equals("TCP"))
        .anyMatch(it -> column > 0 && column < it.size() && it.get(column).equals("yes"));
  }

  private static OptionalLong number(String word) {
    try {
      return OptionalLong.of(Long.parseLong(word));
    } catch (NumberFormatException _) {
      return OptionalLong.empty();
    }
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException _) {
      return List.of();
    }
  }
}
