package iomodels.meter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** The arithmetic, on times that were recorded on two cores beside four and more busy loops. */
class ProcessorTimesTest {

  private static final long START = 1_000_000_000L;
  private static final Offset<Double> CLOSE = within(0.5);

  private final Map<Long, ThreadTimes> before = new HashMap<>();
  private final Map<Long, ThreadTimes> after = new HashMap<>();
  private long cpu;

  /** Adds a thread that had run for an hour, with what it did during a window. */
  private void thread(long millis, double ranMillis, double queuedMillis, long waits) {
    thread(millis, ranMillis, queuedMillis, waits, false);
  }

  private void thread(
      long millis, double ranMillis, double queuedMillis, long waits, boolean runnable) {
    long id = before.size();
    long ran = (long) (ranMillis * 1e6);
    long hour = Duration.ofHours(1).toNanos();
    before.put(id, new ThreadTimes(START, hour, hour, 9_000, runnable));
    after.put(
        id,
        new ThreadTimes(
            START + Duration.ofMillis(millis).toNanos(),
            hour + ran,
            hour + (long) (queuedMillis * 1e6),
            9_000 + waits,
            runnable));
    cpu += ran;
  }

  private ProcessorDemand demand(long millis) {
    ProcessorTimes earlier = new ProcessorTimes(START, Duration.ofSeconds(7), before);
    return new ProcessorTimes(
            START + Duration.ofMillis(millis).toNanos(),
            Duration.ofSeconds(7).plusNanos(cpu),
            after)
        .since(earlier);
  }

  @Test
  void aThreadThatSpinsWantsOneCoreHoweverLittleItGets() {
    thread(2_030, 58.8, 2_001, 2); // at a low priority, and a wait that began before the window
    ProcessorDemand demand = demand(2_030);

    assertThat(demand.wanted()).isCloseTo(100, CLOSE);
    assertThat(demand.used()).isCloseTo(2.9, CLOSE);
    assertThat(demand.own()).isLessThan(Duration.ofMillis(60));
    assertThat(demand.starved()).isFalse();
  }

  @Test
  void aThreadThatSpinsWantsOneCoreWhereItHasOne() {
    thread(500, 500, 0, 0, true);
    assertThat(demand(500).wanted()).isCloseTo(100, CLOSE);
    assertThat(demand(500).own()).isEqualTo(Duration.ofMillis(500));
  }

  /** Nine servers were judged at the same time: its slices were 0.2 ms long. */
  @Test
  void aThreadThatSpinsBesideManyThatWakeOftenWantsOneCore() {
    thread(523, 172, 351, 1);
    assertThat(demand(523).wanted()).isCloseTo(100, CLOSE);
  }

  @Test
  void twoThreadsThatSpinWantTwoCores() {
    thread(2_000, 343.7, 1_656, 0);
    thread(2_000, 234.4, 1_765, 3);
    assertThat(demand(2_000).wanted()).isCloseTo(200, CLOSE);
  }

  @Test
  void threadsThatWakeNowAndThenWantLittleHoweverLongTheyAreQueued() {
    for (int i = 0; i < 300; i++) {
      thread(502, 0.041, 7.14, 1);
    }
    ProcessorDemand demand = demand(502);

    assertThat(demand.wanted()).isCloseTo(2.5, CLOSE);
    assertThat(demand.own()).isEqualTo(Duration.ofMillis(502));
  }

  @Test
  void aThreadThatIsQueuedNearlyAllTheTimeBeforeItLooksOnceWantsLittle() {
    thread(500, 0.18, 499.8, 1);
    assertThat(demand(500).wanted()).isLessThan(0.1);
  }

  @Test
  void aThreadThatComputesAndWaitsWantsItsShareOfTheTimeInWhichItWasNotQueued() {
    thread(500, 50, 300, 20); // and waited for 150 ms
    assertThat(demand(500).wanted()).isCloseTo(25, CLOSE);
  }

  @Test
  void aWaitThatHasNotEndedIsNoSleep() {
    thread(984, 7, 41, 3, true); // the kernel had not counted the last 936 ms
    assertThat(demand(984).wanted()).isCloseTo(100, CLOSE);
    thread(984, 0.2, 41, 3, true);
    assertThat(demand(984).wanted()).isCloseTo(100, CLOSE);
  }

  @Test
  void aThreadThatNeverRanButAlwaysCouldIsStarved() {
    thread(500, 0, 0, 0, true);
    assertThat(demand(500).starved()).isTrue();
  }

  @Test
  void aThreadThatRanOnceIsNotStarved() {
    thread(500, 3, 497, 1, true);
    assertThat(demand(500).starved()).isFalse();
  }

  @Test
  void aThreadThatHasBegunOrEndedMeanwhileCounts() {
    after.put(
        77L, new ThreadTimes(START + Duration.ofMillis(500).toNanos(), 250_000_000, 0, 40, false));
    cpu = 400_000_000; // of this 150 ms by threads that have ended
    assertThat(demand(500).wanted()).isCloseTo(80, CLOSE);
    cpu = 0;
    assertThat(demand(500).wanted()).isCloseTo(50, CLOSE);
  }

  @Test
  void theNumberOfAThreadThatHasEndedCanBeThatOfANewOne() {
    before.put(1L, new ThreadTimes(START, 900_000_000, 5, 400, false));
    after.put(
        1L, new ThreadTimes(START + Duration.ofMillis(500).toNanos(), 5_000_000, 0, 2, false));
    assertThat(demand(500).wanted()).isCloseTo(1, CLOSE);
  }

  @Test
  void theFilesOfAThreadAreRead() throws Exception {
    String status =
        """
        Name:	a
        State:	S (sleeping)
        nonvoluntary_ctxt_switches:	9
        voluntary_ctxt_switches:	28
        """;
    assertThat(ThreadTimes.parse(7, "4961731 2750000 40\n", status))
        .isEqualTo(new ThreadTimes(7, 4_961_731, 2_750_000, 28, false));
    assertThat(ThreadTimes.parse(7, "1 2 3\n", status.replace("S (", "R (")).runnable()).isTrue();
    assertThatIOException().isThrownBy(() -> ThreadTimes.parse(7, "1 2 3\n", "Name: a\n"));
  }
}
