package iomodels.meter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Reads what a process and its descendants cost, from outside, out of Linux's {@code /proc} (man 5
 * proc). Safe for use by several threads.
 *
 * <p>Processor time is known in three ways. {@code /proc/PID/stat} counts it in ticks of 10 ms, and
 * remembers threads and children that have ended: {@link #now}. The process's own clock counts
 * nanoseconds, and remembers threads: {@link #cpu}. {@code /proc/PID/task/*}{@code /schedstat}
 * forgets a thread when it ends, but knows for how long it stood in the queue: {@link #demand}.
 */
public final class CostMeter {

  /** {@code USER_HZ}: what the kernel shows to programs, whatever its own clock is (man 7 time). */
  private static final long TICKS_PER_SECOND = 100;

  private static final Path PROC = Path.of("/proc");

  private final ProcessHandle process;

  /** What each thread had demanded when it was last looked at, and what all have by then. */
  private Map<Long, Long> demandSeen = Map.of();

  private long demanded;

  private CostMeter(ProcessHandle process) {
    this.process = process;
  }

  /** A meter for that process; none where there is no {@code /proc} to read. */
  public static Optional<CostMeter> of(ProcessHandle process) {
    return Files.isReadable(PROC.resolve("self/stat"))
        ? Optional.of(new CostMeter(process))
        : Optional.empty();
  }

  /**
   * What it costs by now.
   *
   * @throws IOException if the process has ended, or is another user's
   */
  public Costs now() throws IOException {
    Costs sum = of(process.pid());
    for (ProcessHandle child : process.descendants().toList()) {
      try {
        sum = sum(sum, of(child.pid()));
      } catch (IOException _) {
        // It has ended meanwhile. What it cost is its parent's, once that has waited for it.
      }
    }
    return sum;
  }

  /**
   * How many of the descriptors that it and its descendants have open are sockets.
   *
   * @throws IOException if the process has ended, or is another user's
   */
  public int sockets() throws IOException {
    int sum = sockets(process.pid());
    for (ProcessHandle child : process.descendants().toList()) {
      try {
        sum += sockets(child.pid());
      } catch (IOException _) {
        // It has ended meanwhile.
      }
    }
    return sum;
  }

  private static int sockets(long pid) throws IOException {
    int count = 0;
    try (Stream<Path> descriptors = Files.list(PROC.resolve(Long.toString(pid)).resolve("fd"))) {
      for (Path each : descriptors.toList()) {
        try {
          count += Files.readSymbolicLink(each).toString().startsWith("socket:") ? 1 : 0;
        } catch (IOException _) {
          // It was closed meanwhile.
        }
      }
    }
    return count;
  }

  /**
   * The processor time that its threads have had, or have stood in the queue for: a process that
   * never rests wants a whole processor all the time, however few a busy machine gives it. It never
   * runs backwards: of a thread that has ended, what this meter has seen stays counted. Where the
   * kernel does not count that, what they have had.
   *
   * @throws IOException if the process has ended, or is another user's
   */
  public synchronized Duration demand() throws IOException {
    Map<Long, Long> now = new HashMap<>();
    addDemand(process.pid(), now);
    for (ProcessHandle child : process.descendants().toList()) {
      try {
        addDemand(child.pid(), now);
      } catch (IOException _) {
        // It has ended meanwhile.
      }
    }
    now.forEach((thread, nanos) -> demanded += nanos - demandSeen.getOrDefault(thread, 0L));
    demandSeen = now;
    return demanded == 0 ? now().cpu() : Duration.ofNanos(demanded);
  }

  /**
   * Fields 1 and 2 of each thread's {@code schedstat}: nanoseconds on a processor, and queueing.
   */
  private static void addDemand(long pid, Map<Long, Long> byThread) throws IOException {
    try (Stream<Path> tasks = Files.list(PROC.resolve(Long.toString(pid)).resolve("task"))) {
      for (Path task : tasks.toList()) {
        try {
          String[] fields = Files.readString(task.resolve("schedstat")).strip().split(" ", -1);
          byThread.put(
              Long.parseLong(task.getFileName().toString()),
              Long.parseLong(fields[0]) + Long.parseLong(fields[1]));
        } catch (IOException _) {
          // It has ended meanwhile, or the kernel does not count.
        }
      }
    }
  }

  /**
   * The processor time that it has spent by now, to the nanosecond; that of its children as well,
   * as long as they live. For short rounds: {@link #now} knows only ticks.
   *
   * @throws IOException if it has ended
   */
  public Duration cpu() throws IOException {
    Duration sum = ProcessClock.of(process.pid());
    for (ProcessHandle child : process.descendants().toList()) {
      try {
        sum = sum.plus(ProcessClock.of(child.pid()));
      } catch (IOException _) {
        // It has ended meanwhile.
      }
    }
    return sum;
  }

  /**
   * The processor time that the process itself has spent by now, to the nanosecond, its children's
   * not included.
   *
   * @throws IOException if it has ended
   */
  public Duration cpuWithoutChildren() throws IOException {
    return ProcessClock.of(process.pid());
  }

  /**
   * The memory that it has written: what it shares with its children counts in parts (PSS); theirs
   * as well. The pages of files, such as a program's text, are not in it: what they weigh depends
   * on who else runs the same program. Nor is what the kernel keeps for its sockets.
   *
   * @throws IOException if it has ended, or is another user's
   */
  public long proportionalBytes() throws IOException {
    long sum = proportionalBytes(process.pid());
    for (ProcessHandle child : process.descendants().toList()) {
      sum += proportionalBytes(child.pid());
    }
    return sum;
  }

  private static long proportionalBytes(long pid) throws IOException {
    Path file = PROC.resolve(Long.toString(pid)).resolve("smaps_rollup");
    List<String> rollup = Files.readAllLines(file);
    return 1024 * (number(rollup, "Pss_Anon:") + number(rollup, "Pss_Shmem:"));
  }

  private static Costs sum(Costs a, Costs b) {
    return new Costs(
        a.cpu().plus(b.cpu()),
        a.residentBytes() + b.residentBytes(),
        a.peakResidentBytes() + b.peakResidentBytes(),
        a.threads() + b.threads(),
        a.descriptors() + b.descriptors(),
        a.voluntarySwitches() + b.voluntarySwitches(),
        a.involuntarySwitches() + b.involuntarySwitches());
  }

  private static Costs of(long pid) throws IOException {
    Path directory = PROC.resolve(Long.toString(pid));
    List<String> status = Files.readAllLines(directory.resolve("status"));
    Switches switches = switches(directory.resolve("task"));
    return new Costs(
        cpu(Files.readString(directory.resolve("stat"))),
        1024 * number(status, "VmRSS:"),
        1024 * number(status, "VmHWM:"),
        (int) number(status, "Threads:"),
        descriptors(directory.resolve("fd")),
        switches.voluntary(),
        switches.involuntary());
  }

  private record Switches(long voluntary, long involuntary) {}

  /** Of all threads: that of the process is only its first one's. */
  private static Switches switches(Path tasks) throws IOException {
    long voluntary = 0;
    long involuntary = 0;
    try (Stream<Path> all = Files.list(tasks)) {
      for (Path task : all.toList()) {
        try {
          List<String> status = Files.readAllLines(task.resolve("status"));
          long more = number(status, "voluntary_ctxt_switches:");
          involuntary += number(status, "nonvoluntary_ctxt_switches:");
          voluntary += more;
        } catch (IOException _) {
          // It has ended meanwhile.
        }
      }
    }
    return new Switches(voluntary, involuntary);
  }

  /** Its own user and system time, and that of the children it has waited for: fields 14 to 17. */
  private static Duration cpu(String stat) {
    // Field 2, the name, is in parentheses and may hold anything; field 3 comes after the last one.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    long ticks = 0;
    for (int field = 14; field <= 17; field++) {
      ticks += Long.parseLong(fields[field - 3]);
    }
    return Duration.ofMillis(ticks * (1000 / TICKS_PER_SECOND));
  }

  private static long number(List<String> status, String name) throws IOException {
    for (String line : status) {
      if (line.startsWith(name)) {
        return Long.parseLong(line.substring(name.length()).replace("kB", "").strip());
      }
    }
    // A process that has ended, but was not waited for, has no memory.
    throw new NoSuchFileException("/proc/PID/status", null, "it has no " + name);
  }

  private static int descriptors(Path directory) throws IOException {
    try (Stream<Path> open = Files.list(directory)) {
      return (int) open.count();
    }
  }
}
