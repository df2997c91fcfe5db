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
 * Measures the resource usage of a process and its descendants through Linux's {@code /proc}
 * (proc(5)). Safe for use by several threads.
 *
 * <p>There are three sources of CPU time. {@code /proc/PID/stat} has ticks of 10 ms, and includes
 * threads and children that have ended: {@link #now}. The process's CPU clock has nanoseconds, and
 * includes threads that have ended: {@link #cpu}. {@code /proc/PID/task/*}{@code /schedstat} loses
 * a thread when it ends, but also has the time that a thread has waited for a processor: {@link
 * #processorTimes}.
 */
public final class CostMeter {

  /**
   * {@code USER_HZ}: the unit that programs see, independent of the kernel's own clock (time(7)).
   */
  private static final long TICKS_PER_SECOND = 100;

  private static final Path PROC = Path.of("/proc");

  private final ProcessHandle process;

  private CostMeter(ProcessHandle process) {
    this.process = process;
  }

  /** Returns a meter for a process; empty if this system has no {@code /proc}. */
  public static Optional<CostMeter> of(ProcessHandle process) {
    return Files.isReadable(PROC.resolve("self/stat"))
        ? Optional.of(new CostMeter(process))
        : Optional.empty();
  }

  /**
   * Returns the resource usage up to now.
   *
   * @throws IOException if the process has ended, or belongs to another user
   */
  public Costs now() throws IOException {
    Costs sum = of(process.pid());
    for (ProcessHandle child : process.descendants().toList()) {
      try {
        sum = sum(sum, of(child.pid()));
      } catch (IOException _) {
        // The child has ended. Its CPU time is added to its parent's when the parent waits for it.
      }
    }
    return sum;
  }

  /**
   * Returns the number of sockets that the process and its descendants have open.
   *
   * @throws IOException if the process has ended, or belongs to another user
   */
  public int sockets() throws IOException {
    int sum = sockets(process.pid());
    for (ProcessHandle child : process.descendants().toList()) {
      try {
        sum += sockets(child.pid());
      } catch (IOException _) {
        // It has just ended.
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
          // It has just been closed.
        }
      }
    }
    return count;
  }

  /**
   * Returns the CPU time of the process and its descendants so far, thread by thread.
   *
   * @throws IOException if the process has ended, or belongs to another user
   */
  public ProcessorTimes processorTimes() throws IOException {
    Map<Long, ThreadTimes> threads = new HashMap<>();
    addThreads(process.pid(), threads);
    for (ProcessHandle child : process.descendants().toList()) {
      try {
        addThreads(child.pid(), threads);
      } catch (IOException _) {
        // It has just ended.
      }
    }
    return new ProcessorTimes(System.nanoTime(), cpu(), threads);
  }

  private static void addThreads(long pid, Map<Long, ThreadTimes> threads) throws IOException {
    try (Stream<Path> tasks = Files.list(PROC.resolve(Long.toString(pid)).resolve("task"))) {
      for (Path task : tasks.toList()) {
        try {
          threads.put(
              Long.parseLong(task.getFileName().toString()),
              ThreadTimes.parse(
                  System.nanoTime(),
                  Files.readString(task.resolve("schedstat")),
                  Files.readString(task.resolve("status"))));
        } catch (IOException _) {
          // It has just ended, or the kernel does not record the times.
        }
      }
    }
  }

  /**
   * Returns the CPU time that the process and its live descendants have used so far, in
   * nanoseconds. Use it for short intervals, since {@link #now} counts ticks.
   *
   * @throws IOException if the process has ended
   */
  public Duration cpu() throws IOException {
    Duration sum = ProcessClock.of(process.pid());
    for (ProcessHandle child : process.descendants().toList()) {
      try {
        sum = sum.plus(ProcessClock.of(child.pid()));
      } catch (IOException _) {
        // It has just ended.
      }
    }
    return sum;
  }

  /**
   * Returns the CPU time that the process and its descendants have used so far, in ticks of 10 ms,
   * including that of children that have ended and been waited for.
   *
   * @throws IOException if the process has ended
   */
  public Duration cpuWithEnded() throws IOException {
    Duration sum = cpu(stat(process.pid()));
    for (ProcessHandle child : process.descendants().toList()) {
      try {
        sum = sum.plus(cpu(stat(child.pid())));
      } catch (IOException _) {
        // It has just ended.
      }
    }
    return sum;
  }

  private static String stat(long pid) throws IOException {
    return Files.readString(PROC.resolve(Long.toString(pid)).resolve("stat"));
  }

  /**
   * Returns the CPU time that the process has used so far, in nanoseconds, without its children.
   *
   * @throws IOException if the process has ended
   */
  public Duration cpuWithoutChildren() throws IOException {
    return ProcessClock.of(process.pid());
  }

  /**
   * Returns the memory that the process and its descendants have written: their proportional share
   * (PSS) of anonymous and shared memory. Pages of files, such as program text, do not count, since
   * their share depends on other processes that run the same program. The kernel's socket buffers
   * do not count either.
   *
   * @throws IOException if the process has ended, or belongs to another user
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

  /** Sums the switches of all threads: the status of the process has only the first thread's. */
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
          // It has just ended.
        }
      }
    }
    return new Switches(voluntary, involuntary);
  }

  /** User and system time of the process and the children it has waited for: fields 14 to 17. */
  private static Duration cpu(String stat) {
    // Field 2, the name in parentheses, may contain any character, even a parenthesis.
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
    // A zombie process has no memory.
    throw new NoSuchFileException("/proc/PID/status", null, "no field " + name);
  }

  private static int descriptors(Path directory) throws IOException {
    try (Stream<Path> open = Files.list(directory)) {
      return (int) open.count();
    }
  }
}
