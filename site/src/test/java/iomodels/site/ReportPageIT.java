package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.lab.report.ClaimResult;
import iomodels.lab.report.Measurements;
import iomodels.lab.report.ReportPage;
import iomodels.lab.report.ScenarioResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Tests the report of a large run in a real browser. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReportPageIT {

  private static final String PAGE = "lab.html";
  private static final int DESKTOP = 1400;
  private static final int PHONE = 360;

  /** The contrast that WCAG requires for small text. */
  private static final double LEGIBLE = 4.5;

  private static final Measurements MEASUREMENTS = InventedMeasurements.make();

  private Browser browser;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve(PAGE), ReportPage.of(MEASUREMENTS));
    browser = Browser.on(folder);
  }

  @AfterAll
  void stop() {
    if (browser != null) {
      browser.close();
    }
  }

  @BeforeEach
  void plain() {
    browser.width(DESKTOP);
    browser.dark(false);
  }

  @Test
  void itHasEveryServerScenarioAndClaimAndDrawsEveryChart() {
    browser.open(PAGE);
    int charts = browser.all(".chart").size();

    assertThat(charts).isGreaterThan(MEASUREMENTS.scenarios().size());
    assertThat(browser.all(".chart svg")).hasSize(charts);
    assertThat(
            browser.run(
                "return [...document.querySelectorAll('.chart svg')].filter(it =>"
                    + " it.querySelectorAll('path').length < 5).length"))
        .as("empty charts")
        .isEqualTo(0L);
    assertThat(browser.all("figure details table")).hasSize(charts);
    String text = textOf("main");
    assertThat(text)
        .contains(InventedMeasurements.MODELS)
        .contains(InventedMeasurements.YARDSTICKS)
        .contains(MEASUREMENTS.scenarios().stream().map(ScenarioResult::name).toList())
        .contains(MEASUREMENTS.claims().stream().map(ClaimResult::claim).toList());
    for (ClaimResult claim : MEASUREMENTS.claims()) {
      assertThat(browser.all("#claim-%s .verdict.%s".formatted(claim.id(), claim.verdict())))
          .as(claim.id())
          .hasSize(1);
    }
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void textsOfTheDataAreEscaped() {
    browser.open(PAGE);

    assertThat(browser.await("#claim-claim-0 h3").getText()).contains(InventedMeasurements.HOSTILE);
    assertThat(textOf("#content")).contains("10,000 connections: </script>");
    assertThat(browser.all("[onclick]")).isEmpty();
  }

  /** axe does not check the contrast of text in drawings. */
  @Test
  void textInChartsHasContrastInLightAndDarkMode() {
    for (boolean dark : List.of(false, true)) {
      browser.dark(dark);
      browser.open(PAGE);
      assertThat(((Number) browser.run(FAINTEST)).doubleValue())
          .as("the smallest contrast of text in charts; dark: %s", dark)
          .isGreaterThan(LEGIBLE);
    }
  }

  @Test
  void theSpreadOfABarIsDrawnOnThatBar() {
    browser.open(PAGE);

    assertThat(browser.run(WHISKER_HEIGHTS)).as("three servers, three bars each").isEqualTo(9L);
  }

  @Test
  void itIsNotTooWideForAPhone() {
    browser.width(PHONE);
    browser.open(PAGE);

    assertThat(
            browser.run(
                "const it = document.documentElement; return it.scrollWidth - it.clientWidth"))
        .isEqualTo(0L);
  }

  private String textOf(String selector) {
    return String.valueOf(
        browser.run("return document.querySelector(arguments[0]).textContent", selector));
  }

  private static final String FAINTEST =
      """
      const channels = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(it => {
        const c = it / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
      });
      const light = colour => {
        const [r, g, b] = channels(colour);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
      };
      const ground = light(getComputedStyle(document.body).backgroundColor);
      return Math.min(...[...document.querySelectorAll('.chart svg text')].map(it => {
        const words = light(getComputedStyle(it).fill);
        return Math.max(words, ground) / Math.min(words, ground);
      }));
      """;

  /** Counts the heights of long horizontal lines in the second claim, whose bars are horizontal. */
  private static final String WHISKER_HEIGHTS =
      """
      const levels = [...document.querySelectorAll('#claim-claim-1 svg path')]
          .filter(it => it.getAttribute('stroke-opacity') === '0.75')
          .map(it => it.getBBox())
          .filter(it => it.height < 1);
      return new Set(levels.map(it => Math.round(it.y))).size;
      """;
}
