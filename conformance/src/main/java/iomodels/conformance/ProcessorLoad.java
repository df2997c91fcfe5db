package iomodels.conformance;

import iomodels.meter.CostMeter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A snapshot of the processor time of the machine, and how much of it the kit used. Immutable.
 *
 * @param busy busy time of all processors since the machine started: user, system and stolen
 * @param all busy time plus idle time
 * @param own processor time of the kit and of the processes that it has started
 */
record ProcessorLoad(Duration busy, Duration all, Duration own) {

  private static final Path STAT = Path.of("/proc/stat");
  private static final long MILLIS_PER_TICK = 10;

  /** The columns of the line {@code cpu} (proc_stat(5)); the first includes guest time. */
  private static final int IDLE = 4;

  private static final int IOWAIT = 5;
  private static final int STEAL = 8;

  /** Reads the load of this machine; empty without {@code /proc}. */
  static Optional<ProcessorLoad> now() {
    try {
      Optional<CostMeter> meter = CostMeter.of(ProcessHandle.current());
      return meter.isEmpty()
          ? Optional.empty()
          : parse(Files.readAllLines(STAT), meter.get().cpuWithEnded());
    } catch (IOException _) {
      return Optional.empty();
    }
  }

  /** Parses the lines of {@code /proc/stat}; empty if there is no line {@code cpu}. */
  static Optional<ProcessorLoad> parse(List<String> stat, Duration own) {
    for (String line : stat) {
      String[] fields = line.strip().split(" +", -1);
      if (fields[0].equals("cpu") && fields.length > STEAL) {
        long busy = 0;
        long idle = 0;
        for (int i = 1; i <= STEAL; i++) {
          long ticks = Long.parseLong(fields[i]);
          if (i == IDLE || i == IOWAIT) {
            idle += ticks;
          } else {
            busy += ticks;
          }
        }
        return Optional.of(
            new ProcessorLoad(
                Duration.ofMillis(busy * MILLIS_PER_TICK),
                Duration.ofMillis((busy + idle) * MILLIS_PER_TICK),
                own));
      }
    }
    return Optional.empty();
  }

  /** Returns the share of time, from 0 to 1, in which the processors were busy since then. */
  double busySince(ProcessorLoad earlier) {
    double total = all.minus(earlier.all).toMillis();
    return total <= 0 ? 0 : Math.clamp(busy.minus(earlier.busy).toMillis() / total, 0, 1);
  }

  /** Returns the share of all processors, from 0 to 1, that other processes used since then. */
  double othersSince(ProcessorLoad earlier) {
    double total = all.minus(earlier.all).toMillis();
    double others = busy.minus(earlier.busy).minus(own.minus(earlier.own)).toMillis();
    return total <= 0 ? 0 : Math.clamp(others / total, 0, 1);
  }
}
