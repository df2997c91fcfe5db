package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.site.Steps.Step;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class StepsTest {

  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();
  private static final Path RECORDED = PROJECT.resolve("site/src/main/recorded");

  /** One client sends 900 bytes, of which the receive buffer has room for 500 (half of 1000). */
  private static final String TRACE =
      """
      {"format": 1, "server": "a", "complete": true, "micros": 10000,
       "clients": [{"name": "A",
         "buffers": [[2000, 2000, 1000, 2000, 1000, 0, 0, 0, 0],
           [9000, 2000, 1000, 2000, 1000, 0, 0, 0, 0]],
         "events": [[2000, "connect", 0], [3000, "send", 900], [7000, "receive", 900],
           [8000, "closed", 0]]}],
       "threads": [{"name": "loop", "calls": [
         [0, 2000, 2000, "epoll_wait", "7", "1", "wait", "", 1],
         [2100, 10, 0, "accept", "5", "8", "other", "A", 1],
         [2200, 3000, 3000, "epoll_wait", "7", "1", "wait", "", 1],
         [5300, 10, 0, "read", "8", "900", "copy", "A", 1],
         [5400, 10, 0, "write", "8", "900", "copy", "A", 1],
         [5500, 1, 0, "read", "8", "-1 EAGAIN", "ask", "A", 1],
         [7900, 10, 0, "close", "8", "0", "other", "A", 1]]}]}
      """;

  /** By the name of the trace. */
  private static final Map<String, Steps> recorded = new LinkedHashMap<>();

  @BeforeAll
  static void derive() throws IOException {
    for (Recorded.Trace trace : Recorded.read(RECORDED).traces()) {
      recorded.put(trace.name(), Steps.of(trace.json().orElseThrow()));
    }
  }

  private static List<Step> steps(String trace) {
    return Steps.of(Recorded.trace("a", trace).json().orElseThrow()).steps();
  }

  private static List<String> described(List<Step> steps) {
    return steps.stream()
        .map(
            it ->
                "%d %s %s %s %s"
                    .formatted(it.at(), it.what(), it.phase(), it.region(), it.states())
                    .replaceAll(" +", " "))
        .toList();
  }

  @Test
  void aCallThatWaitsIsTwoStepsWithTheClientsEventsBetween() {
    assertThat(described(steps(TRACE)))
        .containsExactly(
            "0 epoll_wait wait wait w",
            "2000 connect r",
            "2000 epoll_wait return wait r",
            "2100 accept other accept o",
            "2200 epoll_wait wait wait w",
            "3000 send w",
            "5200 epoll_wait return wait r",
            "5300 read copy converse c",
            "5400 write copy converse c",
            "5500 read ask converse a",
            "7000 receive r",
            "7900 close other close o",
            "8000 closed e",
            "10000 finish e");
  }

  private static List<Long> bytes(Step step) {
    return step.buffers().subList(0, 4);
  }

  private static List<Long> limits(Step step) {
    return step.buffers().subList(4, 8);
  }

  @Test
  void bytesLieInTheReceiveBufferAsFarAsThereIsRoom() {
    List<Step> steps = steps(TRACE);

    assertThat(bytes(steps.get(4))).containsExactly(0L, 0L, 0L, 0L);
    assertThat(bytes(steps.get(5))).containsExactly(400L, 500L, 0L, 0L);
    assertThat(bytes(steps.get(7))).containsExactly(0L, 0L, 0L, 0L);
    assertThat(bytes(steps.get(8))).containsExactly(0L, 0L, 400L, 500L);
    assertThat(bytes(steps.getLast())).containsExactly(0L, 0L, 0L, 0L);
    assertThat(steps).allMatch(it -> limits(it).equals(List.of(2000L, 1000L, 2000L, 1000L)));
  }

  @Test
  void moreThanTheRoomWasSeenInAReceiveBuffer() {
    List<Step> steps = steps(TRACE.replace("1000, 0, 0, 0, 0]],", "1000, 0, 800, 0, 0]],"));

    assertThat(bytes(steps.get(5))).containsExactly(100L, 800L, 0L, 0L);
  }

  @Test
  void noBufferHoldsMoreThanItsLimit() {
    List<Step> steps = steps(TRACE.replace("2000, 1000, 2000, 1000", "100, 600, 50, 400"));

    assertThat(bytes(steps.get(5))).containsExactly(100L, 600L, 0L, 0L);
    assertThat(bytes(steps.get(8))).containsExactly(0L, 0L, 50L, 400L);
  }

  @Test
  void aBufferHasGrownAsFarAsNeededUpToTheNextRecordedLimit() {
    List<Step> steps = steps(TRACE.replace("[2000, 2000, 1000, 2000", "[2000, 100, 200, 300"));

    assertThat(bytes(steps.get(5))).containsExactly(800L, 100L, 0L, 0L);
    assertThat(limits(steps.get(5))).containsExactly(800L, 200L, 300L, 1000L);
    assertThat(limits(steps.getLast())).containsExactly(2000L, 1000L, 2000L, 1000L);
  }

  @Test
  void severalCallsAsOneMoveTheirBytesEvenly() {
    String folded =
        TRACE
            .replace("[5300, 10, 0, \"read\", \"8\", \"900\", \"copy\", \"A\", 1],", "")
            .replace(
                "[5400, 10, 0, \"write\", \"8\", \"900\"",
                "[5000, 4000, 900, \"read, write\", \"\", \"900 in, 900 out\"")
            .replace("\"copy\", \"A\", 1]", "\"copy\", \"A\", 9]");
    List<Step> steps = steps(folded);

    Step half = steps.stream().filter(it -> it.at() == 7000).findFirst().orElseThrow();
    assertThat(bytes(half)).containsExactly(0L, 450L, 0L, 0L);
    assertThat(bytes(steps.getLast())).containsExactly(0L, 0L, 0L, 0L);
  }

  @Test
  void withoutLimitsOrWithBytesThatNoCallShowsTheBuffersAreNotRecorded() {
    String without = TRACE.replace("\"buffers\"", "\"others\"");
    String unseen = TRACE.replace("\"8\", \"900\", \"copy\"", "\"8\", \"800\", \"copy\"");

    for (String trace : List.of(without, unseen)) {
      Steps steps = Steps.of(Recorded.trace("a", trace).json().orElseThrow());
      assertThat(steps.recorded()).containsExactly(false);
      assertThat(steps.steps()).allMatch(it -> bytes(it).equals(List.of(0L, 0L, 0L, 0L)));
    }
  }

  @Test
  void aResetEmptiesTheBuffers() {
    List<Step> steps =
        steps(
            TRACE
                .replace("[7000, \"receive\", 900]", "[7000, \"reset\", 0]")
                .replace("\"complete\": true", "\"complete\": false"));

    assertThat(bytes(steps.get(8))).containsExactly(0L, 0L, 400L, 500L);
    assertThat(bytes(steps.getLast())).containsExactly(0L, 0L, 0L, 0L);
  }

  @Test
  void aCallThatHadNotReturnedAtTheEndOnlyWaits() {
    List<Step> steps =
        steps(
            TRACE.replace(
                "[7900, 10, 0, \"close\", \"8\", \"0\", \"other\", \"A\", 1]",
                "[9000, 1000, 1000, \"epoll_wait\", \"7\", \"?\", \"wait\", \"\", 1]"));

    assertThat(described(steps)).endsWith("9000 epoll_wait wait wait w", "10000 finish w");
  }

  @Test
  void onlyACallThatCopiesIsShownToCopyAfterItHasWaited() {
    String waits =
        TRACE.replace(
            "[5300, 10, 0, \"read\", \"8\", \"900\"", "[5300, 90, 70, \"read\", \"8\", \"900\"");
    String waitsForTheEnd =
        waits.replace(
            "70, \"read\", \"8\", \"900\", \"copy\"", "70, \"read\", \"8\", \"0\", \"wait\"");

    assertThat(described(steps(waits))).contains("5370 read copy converse c");
    assertThat(described(steps(waitsForTheEnd))).contains("5370 read return converse r");
  }

  @Test
  void aReadThatWaitsDoesNotShowWhatItWillRead() {
    List<Step> steps =
        steps(
            TRACE.replace(
                "[5300, 10, 0, \"read\", \"8\"",
                "[5300, 1500, 1400, \"read\", \"8, \\\"aaa\\\"..., 900\""));

    assertThat(steps)
        .filteredOn(it -> it.what().equals("read") && !it.phase().equals("ask"))
        .extracting(it -> it.phase() + ": " + it.arguments() + it.result())
        .containsExactly("wait: 8, …, 900", "copy: 8, \"aaa\"..., 900900");
  }

  @Test
  void everyRecordedTraceCanBeStepped() {
    assertThat(recorded).hasSizeGreaterThan(30);
    recorded.forEach(
        (name, steps) -> {
          assertThat(steps.steps()).as(name).hasSizeGreaterThan(50);
          assertThat(steps.steps()).extracting(Step::at).as(name).isSorted();
          assertThat(steps.steps()).extracting(Step::region).as(name).contains("wait");
          for (Step step : steps.steps()) {
            assertThat(step.states()).as(name).hasSameSizeAs(steps.threads());
            for (int client = 0; client < steps.clients().size(); client++) {
              List<Long> buffers = step.buffers().subList(8 * client, 8 * client + 8);
              assertThat(IntStream.range(0, 4))
                  .as("client %d of %s at %d: %s", client, name, step.at(), buffers)
                  .allMatch(i -> buffers.get(i) >= 0 && buffers.get(i) <= buffers.get(i + 4));
            }
          }
          List<Long> end = steps.steps().getLast().buffers();
          assertThat(IntStream.range(0, end.size()).filter(i -> i % 8 < 4))
              .as("end of %s", name)
              .allMatch(i -> end.get(i) == 0);
        });
  }

  @Test
  void theBuffersOfEveryServerButThatWithIoUringAreRecorded() {
    assertThat(recorded.keySet())
        .filteredOn(it -> recorded.get(it).recorded().contains(false))
        .containsExactly("linux-io-uring");
  }

  @Test
  void theRegionOfEveryRecordedCallIsKnown() {
    recorded.forEach(
        (name, steps) ->
            assertThat(steps.steps())
                .filteredOn(it -> it.thread() >= 0)
                .flatExtracting(it -> List.of(it.what().split(", ")))
                .as(name)
                .allMatch(StepRegion::isKnown));
  }

  @Test
  void everyRegionOfAStepIsInTheSourceOrItsAbsenceIsExplained() throws IOException {
    for (Implementation server : Implementations.of(PROJECT).all()) {
      Steps steps = recorded.get(server.file());
      if (steps != null) {
        assertThat(steps.steps())
            .extracting(Step::region)
            .filteredOn(it -> !it.equals(StepRegion.NONE))
            .as(server.id())
            .allMatch(it -> !server.with(it).isEmpty() || !server.without(it).isEmpty());
      }
    }
  }
}
