package iomodels.conformance;

import java.time.Duration;
import java.util.Optional;

/** The machine on which the kit runs, observed through {@code /proc} and a {@link Heartbeat}. */
final class ThisMachine implements Machine, AutoCloseable {

  private static final double SATURATED = 0.9;

  private final Heartbeat heartbeat = Heartbeat.start();

  @Override
  public Watch watch() {
    long start = System.nanoTime();
    KernelPressure pressure = KernelPressure.now();
    Optional<ProcessorLoad> load = ProcessorLoad.now();
    return new Watch() {
      @Override
      public Optional<String> resets() {
        return KernelPressure.now().abortsSince(pressure);
      }

      @Override
      public Optional<String> shortage() {
        return KernelPressure.now().since(pressure);
      }

      @Override
      public Optional<String> pause() {
        Duration longest = heartbeat.longest(start, System.nanoTime());
        return longest.isZero()
            ? Optional.empty()
            : Optional.of("the kit did not run for %,d ms".formatted(longest.toMillis()));
      }

      @Override
      public double takenByOthers() {
        Optional<ProcessorLoad> now = ProcessorLoad.now();
        return load.isEmpty() || now.isEmpty() ? 0 : now.get().othersSince(load.get());
      }

      @Override
      public boolean isSaturated() {
        Optional<ProcessorLoad> now = ProcessorLoad.now();
        return load.isEmpty() || now.isEmpty() || now.get().busySince(load.get()) >= SATURATED;
      }
    };
  }

  @Override
  public void close() {
    heartbeat.close();
  }
}
