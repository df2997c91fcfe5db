package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.server.spi.ServerProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.support.ui.Select;

/** Tests the generated site in a real browser. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BrowserIT {

  private static final Path SITE = Path.of("target/site").toAbsolutePath();
  private static final int DESKTOP = 1400;
  private static final int PHONE = 360;

  /** One page of each kind. Pages of a kind share a template. */
  private static final List<String> KINDS =
      List.of(
          "index.html",
          "side-by-side.html#blocking-threads,python:asyncio_streams",
          "side-by-side.html#virtual-threads:relay,nio-selector:relay,vertx:relay,vertx-rxjava:relay,reactor-netty:relay",
          "programs.html",
          "timeline.html#show=blocking-sequential,nio-selector",
          "table.html",
          "lab.html",
          "rules.html#never-closes",
          "ladder.html",
          "glossary.html",
          "faults.html",
          "ci.html",
          "search.html?q=half-close",
          "models/nio-selector.html",
          "models/tutorial-select.html",
          "lessons/01-one-blocking-thread.html",
          "tutorial.html",
          "zh/index.html",
          "zh/programs.html",
          "zh/lab.html",
          "zh/lab-report.html",
          "zh/models/vertx.html",
          "zh/lessons/04-select.html",
          "source/python-twins/with_epoll.py.html#L40");

  /** Between them, these have all elements and styles; axe takes many seconds for a page. */
  private static final List<String> FEW =
      List.of(
          "index.html",
          "side-by-side.html#blocking-threads,python:asyncio_streams",
          "programs.html",
          "timeline.html#show=blocking-sequential,nio-selector",
          "table.html",
          "lab-report.html",
          "rules.html#never-closes",
          "tutorial.html",
          "zh/models/vertx.html",
          "source/python-twins/with_epoll.py.html#L40");

  /**
   * Elements that scroll sideways, but not by keyboard, or tables that do not show that they do.
   */
  private static final String CUT =
      """
      return [...document.querySelectorAll('main *')]
        .filter(it => it.checkVisibility())
        .filter(it => it.scrollWidth > it.clientWidth + 1)
        .filter(it => getComputedStyle(it).overflowX === 'auto')
        .filter(it => it.tabIndex < 0 && !it.querySelector('button, a')
          || it.querySelector('table') && !it.classList.contains('more-right')
              && !it.closest('#timeline'))
        .map(it => it.outerHTML.slice(0, 80))
        .join();
      """;

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

  @BeforeEach
  void plain() {
    browser.width(DESKTOP);
    browser.dark(false);
  }

  @Test
  void noKindOfPageLogsToTheConsole() {
    demandQuiet(KINDS);
  }

  @Test
  @Tag("thorough")
  void noPageDoes() throws IOException {
    demandQuiet(pages());
  }

  private void demandQuiet(List<String> pages) {
    for (String page : pages) {
      browser.open(page);
      assertThat(browser.complaints()).as(page).isEmpty();
    }
  }

  @Test
  void axeFindsNoAccessibilityViolation() {
    demandAccessible(FEW);
  }

  @Test
  @Tag("thorough")
  void axeFindsNoneOnTheOtherKindsOfPages() {
    demandAccessible(KINDS.stream().filter(it -> !FEW.contains(it)).toList());
  }

  private void demandAccessible(List<String> pages) {
    for (String page : pages) {
      browser.dark(false);
      browser.open(page);
      String light = background();
      assertThat(browser.barriers()).as(page).isEmpty();
      browser.dark(true);
      assertThat(background()).as("%s, dark", page).isNotEqualTo(light);
      assertThat(browser.faint()).as("%s, dark", page).isEmpty();
    }
  }

  @Test
  void noPageIsTooWideForAPhone() {
    browser.width(PHONE);
    for (String page : KINDS) {
      browser.open(page);
      Object over =
          browser.run(
              "const it = document.documentElement; return it.scrollWidth - it.clientWidth");
      assertThat(over).as("%s at %d pixels", page, PHONE).isEqualTo(0L);
      assertThat(browser.run(CUT)).as("what is cut and not reachable in %s", page).isEqualTo("");
    }
  }

  @Test
  void everyChartOfTheLabIsDrawnAndItsFiguresAreInATable() {
    browser.open("lab-report.html");
    int charts = browser.all(".chart").size();

    assertThat(charts).isPositive();
    assertThat(browser.all(".chart svg path")).hasSizeGreaterThan(10 * charts);
    assertThat(browser.all(".chart svg")).hasSize(charts);
    assertThat(browser.all("figure details table")).hasSize(charts);
  }

  @Test
  void theSelectedServersAreColumnsAndTheAddressKeepsThem() {
    browser.open("side-by-side.html#tutorial-select,linux-epoll,python:with_epoll");
    assertThat(texts(browser.await("#columns .head h2", 3)))
        .containsExactly("tutorial-select", "linux-epoll", "python:with_epoll");
    assertThat(browser.all("#columns .cell")).hasSize(4 * 3);
    assertThat(cell("linux-epoll", "wait").getText()).contains("epollWait");
    assertThat(cell("python:with_epoll", "wait").getText()).contains("poller.poll()");

    new Select(browser.await("select[name=column1]")).selectByValue("vertx");
    browser.await("#columns .cell[data-server=vertx]", 4);
    assertThat(browser.address()).endsWith("#vertx,linux-epoll,python:with_epoll");
    // A cell without code shows the reason, from the source.
    assertThat(cell("vertx", "wait").getText()).contains("event loop");

    new Select(browser.await("select[name=column2]")).selectByValue("");
    assertThat(texts(browser.await("#columns .head h2", 2)))
        .containsExactly("vertx", "python:with_epoll");
    browser.driver().navigate().back();
    browser.await("#columns .head h2", 3);
    browser.driver().navigate().refresh();
    browser.await("#columns .head h2", 3);
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void everyServerCanBeAColumnWithCodeOrAReasonInEachRow() {
    browser.open("side-by-side.html");
    browser.await("#columns .cell");
    List<String> servers =
        new Select(browser.await("select[name=column1]"))
            .getOptions().stream()
                .map(it -> it.getDomProperty("value"))
                .filter(it -> !it.isEmpty())
                .toList();
    assertThat(servers).hasSizeGreaterThan(30);
    for (String server : servers) {
      browser.run("location.hash = arguments[0]", server);
      String cells = "#columns .cell[data-server='%s']".formatted(server);
      browser.await(cells);
      Object blank =
          browser.run(
              "return [...document.querySelectorAll(arguments[0])]"
                  + ".filter(it => it.innerText.trim() === '')"
                  + ".map(it => it.dataset.region).join()",
              cells);
      assertThat(blank).as("regions of %s without text", server).isEqualTo("");
    }
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void allStylesOfAProgramAreColumns() {
    browser.open("programs.html");
    int styles = browser.all(".grid tbody th").size();
    browser.await("#relay .go a").sendKeys(Keys.ENTER);
    List<String> columns = texts(browser.await("#columns .head h2", Math.min(styles, 5)));

    assertThat(columns).contains("virtual-threads:relay", "vertx:relay");
    // Programs have different regions; a missing one needs no reason.
    assertThat(cell("nio-selector:relay", "wait").getText()).contains("selector.select");
    assertThat(cell("virtual-threads:relay", "wait").getText()).contains("no such step");
    assertThat(cell("vertx:relay", "relay").getText()).contains("pipe()");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void anInvalidAddressFallsBackToTheFirstChoice() {
    for (String nonsense : List.of("no-such-server,%3Cscript%3E", "%", "")) {
      browser.open("side-by-side.html#" + nonsense);
      assertThat(browser.await("#columns .head h2", 2)).hasSize(2);
      assertThat(browser.complaints()).as(nonsense).isEmpty();
    }
    browser.open("side-by-side.html#no-such-server,vertx");
    assertThat(texts(browser.await("#columns .head h2", 1))).containsExactly("vertx");
    assertThat(browser.await("#strangers").getText()).contains("no-such-server");
  }

  @Test
  void theTimelineDrawsThreeServersOnOneAxis() {
    browser.open("timeline.html#show=blocking-sequential,nio-selector,nio-polling");
    browser.await("#timeline h2", 3);
    assertThat(browser.await("#timeline svg")).isNotNull();
    for (String drawn : List.of("wait", "copy", "ask")) {
      Object points =
          browser.run(
              "return [...document.querySelectorAll('#timeline svg path')]"
                  + ".filter(it => it.getAttribute('class')?.includes(arguments[0]))"
                  + ".map(it => it.getAttribute('d') ?? '').join('').length",
              drawn);
      assertThat((long) points).as(drawn).isGreaterThan(20);
    }
    assertThat(browser.await("#timeline").getText()).contains("nio-polling-loop", "epoll_wait");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void theTableIsSortedAndFiltered() {
    browser.open("table.html");
    assertThat(browser.await("tbody tr", ServerProvider.installed().size())).isNotEmpty();
    WebElement lines = browser.await("thead th:nth-child(8) button");
    lines.sendKeys(Keys.ENTER); // by keyboard
    List<Integer> sorted =
        browser.all("tbody tr td:nth-child(8)").stream()
            .map(it -> Integer.valueOf(it.getText()))
            .toList();
    assertThat(sorted).isSorted();
    assertThat(browser.await("thead th:nth-child(8)").getDomAttribute("aria-sort"))
        .isEqualTo("ascending");
    browser.await("#filter").sendKeys("epoll multiplexing");
    assertThat(texts(browser.all("tbody tr:not([hidden]) th")))
        .contains("linux-epoll", "linux-epoll-edge")
        .doesNotContain("linux-poll", "linux-io-uring");
    assertThat(texts(browser.all("tbody tr:not([hidden])"))).allMatch(it -> it.contains("epoll"));
  }

  @Test
  void aLinkToAPitfallUnfoldsIt() {
    browser.open("rules.html#never-closes");
    assertThat(browser.await("#never-closes[open] .diff ins").isDisplayed()).isTrue();
  }

  @Test
  void anAnswerToAQuestionIsJudgedAndTheExplanationUnfolds() {
    browser.open("zh/lessons/04-select.html");
    String form = "#empty-calls-with-select";
    WebElement check = browser.await(form + " button");
    WebElement judgement = browser.await(form + " .judgement");
    check.sendKeys(Keys.ENTER); // by keyboard
    assertThat(judgement.getText()).isEqualTo("请先选一个答案。");
    assertThat(browser.all(form + " details[open]")).isEmpty();

    browser.await(form + " input:not([data-right])").sendKeys(Keys.SPACE);
    check.sendKeys(Keys.ENTER);
    assertThat(judgement.getText()).startsWith("不对");
    assertThat(browser.await(form + " details[open]").getText()).contains("select");

    browser.await(form + " input[data-right]").sendKeys(Keys.SPACE);
    assertThat(judgement.getText()).isEmpty();
    check.sendKeys(Keys.ENTER);
    assertThat(judgement.getText()).isEqualTo("答对了。");
    assertThat(browser.complaints()).isEmpty(); // Axe adds some of its own.
    assertThat(browser.barriers()).isEmpty();
  }

  @Test
  void theReaderCanChooseTheTheme() {
    browser.open("index.html");
    String light = background();
    browser.await("#theme").click(); // light
    assertThat(background()).isEqualTo(light);
    browser.await("#theme").click(); // dark
    assertThat(background()).isNotEqualTo(light);
    browser.open("models/nio-selector.html");
    assertThat(background()).as("remembered").isNotEqualTo(light);
    browser.await("#theme").click(); // the system's setting
    assertThat(background()).isEqualTo(light);
  }

  @Test
  void aPageLinksToItsTranslation() {
    browser.open("models/nio-selector.html");
    browser.await("a[hreflang=zh-Hans]").click();
    assertThat(browser.address()).endsWith("/zh/models/nio-selector.html");
    assertThat(browser.await("html").getDomAttribute("lang")).isEqualTo("zh-Hans");
    browser.await("a[hreflang=en]").click();
    assertThat(browser.address()).endsWith("/models/nio-selector.html").doesNotContain("/zh/");
  }

  private WebElement cell(String server, String region) {
    return browser.await(
        "#columns .cell[data-server='%s'][data-region='%s']".formatted(server, region));
  }

  private String background() {
    return String.valueOf(browser.run("return getComputedStyle(document.body).backgroundColor"));
  }

  private static List<String> texts(List<WebElement> elements) {
    return elements.stream().map(WebElement::getText).toList();
  }

  /** All pages except those of source files, which are many and share one template. */
  private static List<String> pages() throws IOException {
    try (Stream<Path> files = Files.walk(SITE)) {
      return files
          .map(it -> SITE.relativize(it).toString())
          .filter(it -> it.endsWith(".html") && !it.startsWith("source/"))
          .sorted()
          .toList();
    }
  }
}
