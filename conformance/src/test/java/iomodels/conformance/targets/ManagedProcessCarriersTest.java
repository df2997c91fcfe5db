package iomodels.conformance.targets;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ManagedProcessCarriersTest {

  private static final int MORE_THAN_CARRIERS = 2 * Runtime.getRuntime().availableProcessors();

  /** The kit's rules run in virtual threads, beside many processes whose output they await. */
  @Test
  @Timeout(60)
  void processesThatPrintNothingKeepNoVirtualThreadFromRunning() throws Exception {
    List<ManagedProcess> silent = new ArrayList<>();
    try {
      for (int i = 0; i < MORE_THAN_CARRIERS; i++) {
        silent.add(new ManagedProcess(List.of("sleep", "300")));
      }
      assertThat(
              Thread.getAllStackTraces().keySet().stream()
                  .filter(it -> it.getName().startsWith("reads-")))
          .hasSizeGreaterThanOrEqualTo(2 * MORE_THAN_CARRIERS)
          .noneMatch(Thread::isVirtual);
      Thread sleeper = Thread.startVirtualThread(() -> sleep(1));
      assertThat(sleeper.join(Duration.ofSeconds(50))).isTrue();
    } finally {
      silent.forEach(ManagedProcess::kill);
    }
  }

  private static void sleep(long millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
