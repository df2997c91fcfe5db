package iomodels.lab.report;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.lab.report.Baseline.Change;
import iomodels.lab.report.LoadFigures.Latencies;
import iomodels.lab.report.LoadFigures.Ratio;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BaselineTest {

  static ScenarioResult scenario(String name, String server, Spread ratio, double floor) {
    Spread one = new Spread(1, 1, 1);
    LoadFigures figures =
        new LoadFigures(
            50,
            one,
            Optional.of(one),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            one,
            one,
            one,
            one,
            Optional.empty(),
            new Latencies(one, one, one, one, List.of()),
            Optional.empty(),
            Optional.of(new Ratio(Optional.of(ratio), one, one, one)),
            Optional.empty(),
            "",
            Optional.empty(),
            Optional.of(floor));
    ServerResult row =
        new ServerResult(
            server,
            server,
            "c-epoll",
            Optional.of(figures),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            "",
            "");
    return new ScenarioResult(name, "words", 1_000, 7, List.of(), List.of(row));
  }

  private static Measurements before(ScenarioResult scenario) {
    return new Measurements(
        new Machine("bench", "2026-01-01T00:00:00Z", "25", "Linux", "a", 2, ""),
        List.of(scenario),
        List.of());
  }

  @ParameterizedTest
  @CsvSource({
    "1.5, 1.4, 1.6, REGRESSION",
    "0.7, 0.6, 0.8, IMPROVEMENT",
    // It is beyond the noise, but the rounds overlap.
    "1.5, 1.0, 1.6, NO_DIFFERENCE",
    // The rounds do not, but it is within the noise.
    "1.15, 1.12, 1.2, NO_DIFFERENCE"
  })
  void aChangeIsBeyondTheNoiseAndBeyondTheRounds(
      double median, double min, double max, Change change) {
    assertThat(
            Baseline.compare(
                before(scenario("ping-50", "vertx", new Spread(1, 0.9, 1.1), 0.2)),
                List.of(scenario("ping-50", "vertx", new Spread(median, min, max), 0.1))))
        .singleElement()
        .satisfies(it -> assertThat(it.change()).isEqualTo(change));
  }

  @Test
  void whatOnlyOneOfThemMeasuredIsLeftOut() {
    Spread one = new Spread(1, 1, 1);
    assertThat(
            Baseline.compare(
                before(scenario("ping-50", "vertx", one, 0)),
                List.of(
                    scenario("ping-1", "vertx", one, 0),
                    scenario("ping-50", "nio-selector", one, 0))))
        .isEmpty();
  }
}
