package iomodels.meter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.time.Duration;
import java.util.concurrent.SynchronousQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
@Timeout(120)
class CostMeterTest {

  /**
   * A shell loop that uses CPU time until it is killed, or has counted far enough for any machine.
   * After a second of CPU time the kernel sends it SIGXCPU (setrlimit(2)), and it prints a line.
   */
  private static final String BURN =
      "trap 'echo spent' XCPU; ulimit -S -t 1;"
          + " i=0; while [ $i -lt 300000000 ]; do i=$((i+1)); done";

  private static final Duration AT_LEAST = Duration.ofMillis(200);

  @Test
  void countsTheCpuTimeOfAProcess() throws Exception {
    Process process = new ProcessBuilder("sh", "-c", BURN).start();
    try {
      CostMeter meter = CostMeter.of(process.toHandle()).orElseThrow();
      Costs earlier = meter.now();
      Costs spent = awaitCpu(process, meter, earlier);

      assertThat(spent.residentBytes()).isBetween(1L, spent.peakResidentBytes());
      assertThat(spent.threads()).isEqualTo(1);
      assertThat(spent.descriptors()).isGreaterThanOrEqualTo(3);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void countsTheCpuTimeOfChildren() throws Exception {
    // The outer shell only waits.
    Process process = new ProcessBuilder("sh", "-c", "(" + BURN + ") & wait").start();
    try {
      CostMeter meter = CostMeter.of(process.toHandle()).orElseThrow();
      Costs spent = awaitCpu(process, meter, meter.now());

      assertThat(spent.threads()).isEqualTo(2);
      assertThat(meter.cpu()).isGreaterThan(Duration.ofMillis(150));
      assertThat(meter.cpuWithoutChildren()).isLessThan(Duration.ofMillis(100));
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void demandGrowsAsLongAsAProcessIsRunnable() throws Exception {
    Process process = new ProcessBuilder("sh", "-c", BURN).start();
    try {
      CostMeter meter = CostMeter.of(process.toHandle()).orElseThrow();
      ProcessorTimes earlier = meter.processorTimes();
      awaitCpu(process, meter, meter.now());
      ProcessorDemand demand = meter.processorTimes().since(earlier);

      assertThat(demand.wanted()).isGreaterThanOrEqualTo(demand.used()).isBetween(50.0, 130.0);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void cpuTimeIncludesThreadsThatHaveEnded() throws Exception {
    CostMeter meter = CostMeter.of(ProcessHandle.current()).orElseThrow();
    Duration before = meter.cpu();
    Thread thread =
        Thread.ofPlatform()
            .start(
                () -> {
                  long deadline = System.nanoTime() + Duration.ofMillis(100).toNanos();
                  while (System.nanoTime() < deadline) {
                    Thread.onSpinWait();
                  }
                });
    thread.join();

    assertThat(meter.cpu()).isGreaterThan(before.plus(Duration.ofMillis(5)));
    assertThat(meter.proportionalBytes()).isPositive();
  }

  @Test
  void countsThreadsAndDescriptorsOfThisProcess() throws Exception {
    Costs costs = CostMeter.of(ProcessHandle.current()).orElseThrow().now();

    assertThat(costs.threads()).isGreaterThan(1);
    assertThat(costs.descriptors()).isGreaterThan(1);
    assertThat(costs.since(costs).cpu()).isZero();
  }

  @Test
  void countsAWaitAsAVoluntarySwitch() throws Exception {
    CostMeter meter = CostMeter.of(ProcessHandle.current()).orElseThrow();
    Costs before = meter.now();
    SynchronousQueue<Integer> hand = new SynchronousQueue<>();
    Thread other =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    for (int i = 0; i < 100; i++) {
                      hand.put(i);
                    }
                    hand.put(-1);
                    hand.put(-1); // Keeps the thread alive while the meter reads it.
                  } catch (InterruptedException _) {
                    // The test has ended.
                  }
                });
    try {
      while (hand.take() >= 0) {
        Thread.onSpinWait();
      }
      Costs since = meter.now().since(before);

      assertThat(since.voluntarySwitches()).isPositive();
      assertThat(since.involuntarySwitches()).isNotNegative();
    } finally {
      other.interrupt();
    }
  }

  @Test
  void aProcessThatHasEndedCannotBeRead() throws Exception {
    Process process = new ProcessBuilder("sh", "-c", "exit 0").start();
    process.waitFor();
    CostMeter meter = CostMeter.of(process.toHandle()).orElseThrow();

    assertThatIOException().isThrownBy(meter::now);
  }

  private static Costs awaitCpu(Process process, CostMeter meter, Costs earlier) throws Exception {
    assertThat(process.inputReader().readLine()).isEqualTo("spent");
    Costs spent = meter.now().since(earlier);
    assertThat(spent.cpu()).isGreaterThanOrEqualTo(AT_LEAST);
    return spent;
  }
}
