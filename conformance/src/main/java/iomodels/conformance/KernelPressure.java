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
 * How short of memory for TCP the kernel is at one moment. Immutable.
 *
 * <p>All sockets of a machine share this memory, and {@code tcp_mem} limits it (tcp(7)). Above the
 * second of its three values the kernel is under pressure: it shrinks windows and drops what
 * arrives, and the probes of a closed window come ever more rarely. Then a connection may stand
 * still for longer than any rule waits, whatever the server does.
 *
 * <p>Pressure shows in counters that grow only then, in the memory itself, and in the kernel's own
 * flag. Other counters also grow at one socket with a small window; they count only while the
 * memory is near the limit.
 */
final class KernelPressure {

  private static final Path PROC = Path.of("/proc");

  /** Of {@code TcpExt} in {@code /proc/net/netstat}: these grow only when memory is short. */
  private static final List<String> SHORTAGES =
      List.of("TCPMemoryPressuresChrono", "TCPMemoryPressures", "TCPAbortOnMemory");

  /** These also grow when one socket has received more than its buffer takes. */
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
  private final OptionalLong pages;
  private final List<Long> limits;
  private final boolean pressed;

  private KernelPressure(
      Map<String, Long> counters, OptionalLong pages, List<Long> limits, boolean pressed) {
    this.counters = counters;
    this.pages = pages;
    this.limits = limits;
    this.pressed = pressed;
  }

  /** Reads this machine's; where there is no {@code /proc}, nothing is known. */
  static KernelPressure now() {
    return in(PROC);
  }

  /** The same, for files below another folder than {@code /proc}. */
  static KernelPressure in(Path proc) {
    return new KernelPressure(
        counters(lines(proc.resolve("net/netstat"))),
        pages(lines(proc.resolve("net/sockstat"))),
        numbers(lines(proc.resolve("sys/net/ipv4/tcp_mem"))),
        pressed(lines(proc.resolve("net/protocols"))));
  }

  /** Returns how it shows that memory was short between an earlier moment and this one. */
  Optional<String> since(KernelPressure earlier) {
    String signs = grown(earlier, SHORTAGES);
    if (signs.isEmpty() && (isShort() || earlier.isShort())) {
      signs = "%,d pages were in use".formatted(Math.max(used(), earlier.used()));
    }
    String losses = grown(earlier, LOSSES);
    if (signs.isEmpty() && !losses.isEmpty() && (isNear() || earlier.isNear())) {
      signs = losses;
    }
    return signs.isEmpty()
        ? Optional.empty()
        : Optional.of("the kernel was short of memory for TCP: " + signs);
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

  /** Pressure that has begun ends only below the first limit. */
  private boolean isNear() {
    return limits.size() == 3 && used() >= limits.getFirst();
  }

  private long used() {
    return pages.orElse(0);
  }

  /** A line of names, and then one of numbers, both of which begin with {@code TcpExt:}. */
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

  /** {@code TCP: inuse 2 orphan 0 tw 5889 alloc 7 mem 176}, in pages. */
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

  /** The column {@code press} of the protocol {@code TCP}. */
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
