package iomodels.lab.claims;

import static iomodels.lab.claims.Order.ALIKE;
import static iomodels.lab.claims.Order.LESS;
import static iomodels.lab.claims.Order.MORE;
import static iomodels.lab.report.ClaimResult.Verdict.DOES_NOT_HOLD;
import static iomodels.lab.report.ClaimResult.Verdict.HOLDS;
import static iomodels.lab.report.ClaimResult.Verdict.HOLDS_WHEN;
import static iomodels.lab.report.ClaimResult.Verdict.UNDECIDED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import iomodels.lab.report.Spread;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

/** Every verdict follows from figures; with others it would be another. */
class VerdictsTest {

  private static Spread about(double figure) {
    return Spread.of(DoubleStream.of(0.98 * figure, figure, 1.02 * figure));
  }

  @Test
  void anOrderIsWhatAllTurnsAgreeOn() {
    assertThat(Order.of(List.of(1.1, 1.2, 1.3))).isEqualTo(MORE);
    assertThat(Order.of(List.of(0.9, 1.2, 1.3))).isEqualTo(ALIKE);
    assertThat(Order.of(List.of(0.9, 1.2, 1.3, 1.4, 1.5))).isEqualTo(ALIKE);
    assertThat(Order.of(List.of(0.7, 0.8, 0.9, 0.95, 0.99))).isEqualTo(LESS);
    assertThat(Order.of(about(1), about(2))).isEqualTo(LESS);
    assertThat(Order.of(about(2), about(1))).isEqualTo(MORE);
    assertThat(Order.of(about(1), about(1.01))).isEqualTo(ALIKE);
  }

  @Test
  void oneBlocksTheRest() {
    List<Spread> waits = List.of(about(SilentClient.MILLIS), about(SilentClient.MILLIS));
    List<Spread> none = List.of(about(1), about(1));
    List<Spread> oneOfTwo = List.of(about(SilentClient.MILLIS), about(1));
    assertThat(OneBlocksTheRest.verdict(waits, none)).isEqualTo(HOLDS);
    assertThat(OneBlocksTheRest.verdict(none, none)).isEqualTo(DOES_NOT_HOLD);
    assertThat(OneBlocksTheRest.verdict(waits, waits)).isEqualTo(UNDECIDED);
    assertThat(OneBlocksTheRest.verdict(oneOfTwo, none)).isEqualTo(UNDECIDED);
  }

  @Test
  void threadsHideTheWait() {
    assertThat(ThreadsHideTheWait.verdict(about(1), 1, about(1))).isEqualTo(HOLDS);
    assertThat(ThreadsHideTheWait.verdict(about(1), 0, about(0.01))).isEqualTo(DOES_NOT_HOLD);
    assertThat(ThreadsHideTheWait.verdict(about(SilentClient.MILLIS), 1, about(1)))
        .isEqualTo(UNDECIDED);
  }

  @Test
  void pollingBurnsACore() {
    assertThat(PollingBurnsACore.verdict(about(0.9), about(0.001), List.of(0.1))).isEqualTo(HOLDS);
    assertThat(PollingBurnsACore.verdict(about(0.9), about(0.001), List.of(1.0)))
        .isEqualTo(HOLDS_WHEN);
    assertThat(PollingBurnsACore.verdict(about(0.1), about(0.001), List.of(1.0)))
        .isEqualTo(DOES_NOT_HOLD);
    assertThat(PollingBurnsACore.verdict(about(0.9), about(0.5), List.of(1.0)))
        .isEqualTo(UNDECIDED);
  }

  @Test
  void oneConnection() {
    assertThat(OneConnection.verdict(List.of(MORE, MORE), List.of(MORE, MORE))).isEqualTo(HOLDS);
    assertThat(OneConnection.verdict(List.of(MORE, MORE), List.of(ALIKE, ALIKE)))
        .isEqualTo(HOLDS_WHEN);
    assertThat(OneConnection.verdict(List.of(MORE, ALIKE), List.of(MORE, ALIKE)))
        .as("it does in C")
        .isEqualTo(HOLDS_WHEN);
    assertThat(OneConnection.verdict(List.of(ALIKE, ALIKE), List.of(ALIKE, ALIKE)))
        .isEqualTo(UNDECIDED);
    assertThat(OneConnection.verdict(List.of(ALIKE, ALIKE), List.of(ALIKE, MORE)))
        .as("one of four figures")
        .isEqualTo(UNDECIDED);
    assertThat(OneConnection.verdict(List.of(LESS, LESS), List.of(LESS, LESS)))
        .isEqualTo(DOES_NOT_HOLD);
  }

  @Test
  void pollWatchesMore() {
    List<Integer> all = List.of(1_500, 1_500);
    assertThat(PollWatchesMore.verdict(List.of(1_018, 990), all)).isEqualTo(HOLDS);
    assertThat(PollWatchesMore.verdict(List.of(1_018, 0), all))
        .as("that was not its limit")
        .isEqualTo(UNDECIDED);
    assertThat(PollWatchesMore.verdict(List.of(1_200, 1_018), all)).isEqualTo(UNDECIDED);
    assertThat(PollWatchesMore.verdict(List.of(1_018, 1_018), List.of(1_499, 1_500)))
        .isEqualTo(UNDECIDED);
    assertThat(PollWatchesMore.verdict(all, all)).isEqualTo(DOES_NOT_HOLD);
  }

  @Test
  void linuxOnly() {
    assertThat(LinuxOnly.verdict(true, false)).isEqualTo(HOLDS_WHEN);
    assertThat(LinuxOnly.verdict(false, false)).isEqualTo(HOLDS);
    assertThat(LinuxOnly.verdict(true, true)).isEqualTo(UNDECIDED);
  }

  @Test
  void callbackPerObject() {
    String trace =
        """
        epoll_wait(4, [{events=EPOLLIN, data=0x1}], 1024, -1) = 1
        epoll_wait(4, [{events=EPOLLIN, data=0x1}, ...], 1024, -1) = 10
        epoll_wait(4,  <unfinished ...>)        = ?
        4711  epoll_wait(4,  <unfinished ...>
        4711  <... epoll_wait resumed>[{events=EPOLLIN, data=0x1}], 1024, -1) = 3
        """;
    assertThat(CallbackPerObject.returns(trace)).containsExactly(1, 10, 3);
    assertThat(CallbackPerObject.verdict(10)).isEqualTo(DOES_NOT_HOLD);
    assertThat(CallbackPerObject.verdict(1)).isEqualTo(UNDECIDED);
  }

  @Test
  void selectSlowsDown() {
    assertThat(SelectSlowsDown.verdict(costs(2, 10, 1.1))).isEqualTo(HOLDS);
    assertThat(SelectSlowsDown.verdict(costs(1.1, 10, 1.1))).isEqualTo(HOLDS_WHEN);
    assertThat(SelectSlowsDown.verdict(costs(2, 10, 5))).isEqualTo(UNDECIDED);
    assertThat(SelectSlowsDown.verdict(costs(1.1, 1.1, 1.1))).isEqualTo(DOES_NOT_HOLD);
  }

  @Test
  void selectSlowsDownIsNotSaidWhereEpollIsTooNoisyToTell() {
    Map<String, Map<Integer, Spread>> costs = costs(2, 10, 1.1);
    costs.put("c-epoll", Map.of(0, about(4), 15_000, new Spread(8, 3, 9)));

    assertThat(SelectSlowsDown.verdict(costs)).isEqualTo(UNDECIDED);
  }

  @Test
  void whatASilentConnectionAddsIsFittedByALine() {
    Map<Integer, Spread> line = Map.of(0, about(4), 1_000, about(6), 3_000, about(10));

    assertThat(SelectSlowsDown.slope(Map.of("c-poll", line), "c-poll")).isCloseTo(2, within(1e-9));
  }

  /** The cost of a message with the most silent clients, as a multiple of the cost without any. */
  private static Map<String, Map<Integer, Spread>> costs(double select, double poll, double epoll) {
    Map<String, Map<Integer, Spread>> costs = new HashMap<>();
    List.of("c-select", "linux-select")
        .forEach(it -> costs.put(it, Map.of(0, about(4), 900, about(4 * select))));
    List.of("c-poll", "linux-poll")
        .forEach(it -> costs.put(it, Map.of(0, about(4), 15_000, about(4 * poll))));
    List.of("c-epoll", "linux-epoll", "nio-selector")
        .forEach(it -> costs.put(it, Map.of(0, about(4), 15_000, about(4 * epoll))));
    return costs;
  }

  @Test
  void selectorPicksBest() {
    assertThat(SelectorPicksBest.verdict(ALIKE, MORE)).isEqualTo(HOLDS);
    assertThat(SelectorPicksBest.verdict(LESS, MORE)).isEqualTo(HOLDS_WHEN);
    assertThat(SelectorPicksBest.verdict(ALIKE, ALIKE)).isEqualTo(UNDECIDED);
    assertThat(SelectorPicksBest.verdict(LESS, LESS)).isEqualTo(DOES_NOT_HOLD);
  }

  @Test
  void asyncFastest() {
    assertThat(AsyncFastest.verdict(List.of(LESS, LESS, LESS))).isEqualTo(HOLDS);
    assertThat(AsyncFastest.verdict(List.of(MORE, LESS, ALIKE))).isEqualTo(HOLDS_WHEN);
    assertThat(AsyncFastest.verdict(List.of(MORE, ALIKE, ALIKE))).isEqualTo(DOES_NOT_HOLD);
    assertThat(AsyncFastest.verdict(List.of(ALIKE, ALIKE, ALIKE))).isEqualTo(UNDECIDED);
  }

  @Test
  void frameworksFast() {
    List<Order> less = List.of(LESS, LESS);
    List<Order> mixed = List.of(LESS, MORE);
    List<Order> alike = List.of(ALIKE, ALIKE);
    assertThat(FrameworksFast.verdict(less, less)).isEqualTo(HOLDS);
    assertThat(FrameworksFast.verdict(mixed, mixed)).isEqualTo(HOLDS_WHEN);
    assertThat(FrameworksFast.verdict(mixed, alike)).as("one of four").isEqualTo(UNDECIDED);
    assertThat(FrameworksFast.verdict(List.of(ALIKE, MORE), List.of(MORE, MORE)))
        .isEqualTo(DOES_NOT_HOLD);
    assertThat(FrameworksFast.verdict(alike, alike)).isEqualTo(UNDECIDED);
  }

  @Test
  void virtualGoodEnough() {
    List<Double> cheap = List.of(1.2, 1.3, 1.4);
    List<Double> expensive = List.of(2.5, 2.6, 2.7);
    List<Double> about = List.of(1.9, 2.0, 2.1);
    assertThat(VirtualGoodEnough.verdict(cheap, cheap, LESS)).isEqualTo(HOLDS);
    assertThat(VirtualGoodEnough.verdict(cheap, expensive, LESS)).isEqualTo(HOLDS_WHEN);
    assertThat(VirtualGoodEnough.verdict(about, about, ALIKE)).isEqualTo(UNDECIDED);
    assertThat(VirtualGoodEnough.verdict(expensive, expensive, MORE)).isEqualTo(DOES_NOT_HOLD);
  }

  @Test
  void eachHasAnIdOfItsOwn() {
    assertThat(Claims.all()).extracting(Experiment::id).doesNotHaveDuplicates().hasSize(12);
    assertThat(Claims.all())
        .allSatisfy(
            it -> {
              assertThat(Claims.named(it.id())).contains(it);
              assertThat(it.claim()).endsWith(".");
              assertThat(it.words()).endsWith(".");
            });
  }
}
