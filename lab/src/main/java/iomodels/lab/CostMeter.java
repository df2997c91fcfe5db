package iomodels.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Reads what a process and its descendants cost, from outside, out of Linux's {@code /proc} (man 5
 * proc). Safe for use by several threads.
 *
 * <p>Processor time is known in two ways. {@code /proc/PID/task/*}{@code /schedstat} counts
 * nanoseconds, but forgets a thread when it ends, and a thread per connection ends; {@code
 * /proc/PID/stat} remembers those too, in ticks of 10 ms. The latter cannot lose work, so it is
 * used; over a round of 0.5 s one process is known to 20 ms at worst (user and system time are each
 * cut off), and the error does not add up over rounds that follow each other.
 */
public final class CostMeter {

  /** {@code USER_HZ}: what the kernel shows to programs, whatever its own clock is (man 7 time). */
  private static final long TICKS_PER_SECOND = 100;

  private static final Path PROC = Path.of("/proc");

  private final ProcessHandle process;

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
   * The memory that is its own: what it shares with other processes counts in parts (PSS); that of
   * its children as well. What the kernel keeps for its sockets is not in it.
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
    return 1024 * number(Files.readAllLines(file), "Pss:");
  }

  private static Costs sum(Costs a, Costs b) {
    return new Costs(
        a.cpu().plus(b.cpu()),
        a.residentBytes() + b.residentBytes(),
        a.peakResidentBytes() + b.peakResidentBytes(),
        a.threads() + b.threads(),
        a.descriptors() + b.descriptors());
  }

  private static Costs of(long pid) throws IOException {
    Path directory = PROC.resolve(Long.toString(pid));
    List<String> status = Files.readAllLines(directory.resolve("status"));
    return new Costs(
        cpu(Files.readString(directory.resolve("stat"))),
        1024 * number(status, "VmRSS:"),
        1024 * number(status, "VmHWM:"),
        (int) number(status, "Threads:"),
        descriptors(directory.resolve("fd")));
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
