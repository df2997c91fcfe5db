package iomodels.lab.report;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.lab.report.ClaimResult.Verdict;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class ReportPageTest {

  private static final String HOSTILE = "</script><script>alert(1)</script><!--";

  private static final Measurements MEASUREMENTS =
      new Measurements(
          new Machine(HOSTILE, "2026-01-01T00:00:00Z", "25", "Linux", "a {{report.js}} $1", 2, ""),
          List.of(
              BaselineTest.scenario("ping-50", "nio-selector", new Spread(1.04, 0.9, 1.1), 0.1)),
          List.of(
              new ClaimResult(
                  "async-fastest",
                  "Asynchronous I/O is the fastest of all.",
                  "In turns.",
                  Verdict.DOES_NOT_HOLD,
                  "It is not.",
                  List.of())));

  private final String page = ReportPage.of(MEASUREMENTS);

  @Test
  void itCarriesTheFiguresAsTheyWereMeasured() {
    String start = "<script type=\"application/json\" id=\"measurements\">";
    int from = page.indexOf(start) + start.length();
    String json = page.substring(from, page.indexOf("</script>", from));

    assertThat(new JsonMapper().readValue(json, Measurements.class)).isEqualTo(MEASUREMENTS);
  }

  @Test
  void nothingInTheFiguresCanEndTheirScript() {
    assertThat(page).doesNotContain(HOSTILE);
  }

  @Test
  void itFetchesNothing() {
    assertThat(page)
        .doesNotContain("<script src")
        .doesNotContain("@import")
        .doesNotContain("<link rel=\"stylesheet\"");
  }

  @Test
  void theLicenceOfTheChartsIsInIt() {
    assertThat(page).contains("Licensed to the Apache Software Foundation");
    assertThat(page).doesNotContain("{{echarts").doesNotContain("{{report.css");
  }
}
