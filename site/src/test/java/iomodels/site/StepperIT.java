package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** Tests the stepper in a real browser. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StepperIT {

  private static final Path SITE = Path.of("target/site").toAbsolutePath();
  private static final int DESKTOP = 1400;
  private static final int PHONE = 390;

  private static final String SELECTOR = "#stepper [aria-label='nio-selector'] ";
  private static final String POSITION =
      "return Number(document.querySelector('#stepper input').value)";

  private Browser browser;

  @BeforeAll
  void start() {
    browser = Browser.on(SITE);
  }

  @AfterAll
  void stop() {
    if (browser != null) {
      browser.close();
    }
  }

  private long position() {
    return (long) browser.run(POSITION);
  }

  private String text(String selector) {
    return String.valueOf(
        browser.run("return document.querySelector(arguments[0])?.innerText", selector));
  }

  @Test
  void stepsByKeyboardLightTheRegionAndFillAndDrainTheBuffers() {
    browser.width(DESKTOP);
    browser.open("timeline.html#show=blocking-sequential,nio-selector");
    browser.await("#stepper .st-server", 2);
    WebElement play = browser.await("#stepper .st-play");
    Set<String> lit = new LinkedHashSet<>();
    Set<String> received = new LinkedHashSet<>();
    for (int i = 0; i < 80 && !lit.contains("converse"); i++) {
      play.sendKeys(Keys.ARROW_RIGHT);
      lit.add(text(SELECTOR + ".st-regions .st-now"));
      received.add(text(SELECTOR + "tbody tr:first-child td:nth-child(3) b"));
      assertThat(position()).isEqualTo(i + 1);
    }

    assertThat(lit).contains("accept", "wait", "converse");
    assertThat(browser.all(SELECTOR + ".st-part.st-now[data-region=converse]")).hasSize(1);
    assertThat(text(SELECTOR + ".st-part.st-now")).contains("peer.read");
    assertThat(text(SELECTOR + ".st-event")).contains("read(", "copies", "client A");
    assertThat(received).containsExactly("0 bytes", "6 bytes");
    assertThat(text(SELECTOR + ".st-threads li")).contains("nio-selector-loop", "copies in read");

    play.sendKeys(Keys.ARROW_LEFT);
    assertThat(text(SELECTOR + ".st-part.st-now")).doesNotContain("peer.read");

    play.sendKeys(Keys.END);
    assertThat(text(SELECTOR + ".st-event")).contains("The recorded run ends");
    assertThat(browser.all("#stepper .st-held")).isEmpty();

    play.sendKeys(Keys.HOME);
    assertThat(position()).isZero();
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void theServersAreThoseOfTheTimeline() {
    browser.width(DESKTOP);
    browser.open("timeline.html#show=linux-io-uring");
    browser.await("#stepper .st-server", 1);
    // The kernel moves the bytes of io_uring without calls.
    assertThat(browser.all("#stepper .st-unknown")).hasSize(3);

    browser.await(".tl-choice > button").click();
    browser.await("#stepper .st-server", 2);
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void theFirstPagePlaysInBothLanguagesAndCanBePausedAndFitsAPhone() {
    browser.width(PHONE);
    for (String page : new String[] {"index.html", "zh/index.html"}) {
      browser.open(page);
      browser.await("#stepper .st-server", 2);
      String pause = text("#stepper .st-play");
      browser.awaitTrue(POSITION + " > 0");
      browser.await("#stepper .st-play").click();

      assertThat(text("#stepper .st-play")).as(page).isNotEqualTo(pause);
      long at = position();
      browser.await("#stepper .st-play + button").click();
      assertThat(position()).as(page).isEqualTo(at + 1);
      assertThat(
              browser.run(
                  "const it = document.documentElement; return it.scrollWidth - it.clientWidth"))
          .as(page)
          .isEqualTo(0L);
      assertThat(browser.complaints()).as(page).isEmpty();
    }
  }

  @Test
  void theFirstPageDoesNotPlayIfTheReaderPrefersReducedMotion() {
    browser.reducedMotion();
    try {
      browser.open("index.html");
      browser.await("#stepper .st-server", 2);

      assertThat(text("#stepper .st-play")).isEqualTo("Play");
      assertThat(position()).isZero();
    } finally {
      browser.dark(false);
    }
  }
}
