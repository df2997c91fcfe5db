package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/**
 * Tests in a real browser what helps a reader: columns, line numbers, contents, search, copying.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReadingIT {

  private static final Path SITE = Path.of("target/site").toAbsolutePath();
  private static final int DESKTOP = 1280;
  private static final int PHONE = 390;
  private static final String LONG_FILE =
      "source/nio-impl/src/main/java/iomodels/nio/SelectorServer.java.html";
  private static final String FIVE =
      "side-by-side.html#blocking-threads,nio-selector,vertx,reactor-netty,linux-epoll";

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
  void eachLineNumberStandsBesideItsLine() {
    browser.open(LONG_FILE + "#L150");
    browser.await(".file .hljs-keyword");
    Object apart =
        browser.run(
            """
            const top = it => it.getBoundingClientRect().top;
            return [...document.querySelectorAll('.file .line')]
              .filter((line, i) => line.querySelector('.number').textContent !== String(i + 1)
                || Math.abs(top(line.querySelector('.number')) - top(line.querySelector('.text'))) > 2)
              .length;
            """);
    assertThat(browser.all(".file .line")).hasSizeGreaterThan(150);
    assertThat(apart).as("numbers that are not beside their lines").isEqualTo(0L);
    awaitInView("#L150");
  }

  @Test
  void aStepIsReachedByItsButtonAndTheHeadsStayInView() {
    browser.open(FIVE);
    browser.await("#columns .steps button", 4).getLast().sendKeys(Keys.ENTER);
    browser.awaitTrue(
        """
        const bottom = document.querySelector('#columns .bar').getBoundingClientRect().bottom;
        const last = [...document.querySelectorAll('#columns .step h3')].at(-1);
        const top = last.getBoundingClientRect().top;
        return document.activeElement === last && scrollY > 500 && top >= bottom && top < innerHeight;
        """);
    awaitInView("#columns .head h2");
    browser.width(PHONE);
    browser.awaitTrue(
        """
        const bar = document.querySelector('#columns .bar').getBoundingClientRect();
        return bar.top >= 0 && bar.bottom < innerHeight / 4;
        """);
  }

  @Test
  void theHeadsOfFiveColumnsScrollWithTheCodeWhichBreaksNoShortWord() {
    browser.open(FIVE);
    browser.await("#columns .head h2", 5);
    browser.run("document.querySelector('#columns > .track').scrollLeft = 150");
    browser.awaitTrue("return document.querySelector('#columns .heads').scrollLeft === 150");

    assertThat(browser.run(BROKEN_WORDS)).isEqualTo("");
    Object size =
        browser.run(
            "return parseFloat(getComputedStyle(document.querySelector('.passage"
                + " code')).fontSize)");
    assertThat(((Number) size).doubleValue()).isGreaterThanOrEqualTo(12);
  }

  @Test
  void linesThatAllColumnsShareAreDimmed() {
    browser.open("side-by-side.html#linux-poll,linux-epoll");
    browser.await("#columns .head h2", 2);
    String before = colourOfSharedLine();
    browser.await("input[name=dim]").sendKeys(Keys.SPACE);

    assertThat(colourOfSharedLine()).isNotEqualTo(before);
    assertThat(browser.await("#same").getText()).matches("[1-9]\\d* of [1-9]\\d* .*");
    assertThat(browser.run("return document.querySelectorAll('.line:not(.same)').length"))
        .as("lines that differ")
        .isNotEqualTo(0L);
  }

  private String colourOfSharedLine() {
    return String.valueOf(
        browser.run(
            "return getComputedStyle(document.querySelector('.same .hljs-keyword')).color"));
  }

  @Test
  void aLongCellIsFoldedAndUnfolded() {
    browser.open("side-by-side.html#linux-epoll,linux-io-uring");
    browser.await("#columns .head h2", 2);
    WebElement button = browser.await(".cell.long .unfold");
    long folded = height(button);
    button.sendKeys(Keys.ENTER);

    assertThat(height(button)).isGreaterThan(folded + 50);
    assertThat(button.getDomAttribute("aria-expanded")).isEqualTo("true");
    browser.await("input[name=fold]").sendKeys(Keys.SPACE);
    assertThat(browser.all(".cell.folded")).isEmpty();
  }

  private long height(WebElement button) {
    return (long) browser.run("return arguments[0].parentElement.offsetHeight", button);
  }

  @Test
  void theContentsAreBesideALongPageAndStayInView() {
    for (String page : List.of("rules.html", "programs.html", "zh/lessons/04-select.html")) {
      browser.open(page);
      assertThat(browser.all(".contents a")).as(page).hasSizeGreaterThan(4);
      browser.run("scrollTo({ top: 2000, behavior: 'instant' })");
      browser.awaitTrue(
          """
          const contents = document.querySelector('.contents').getBoundingClientRect();
          const text = document.querySelector('main p').getBoundingClientRect();
          return contents.top >= 0 && contents.left >= text.right && contents.right <= innerWidth;
          """);
    }
  }

  @Test
  void theSearchFindsTermsModelsAndRulesInBothLanguages() {
    browser.open("index.html");
    browser.await("body").sendKeys("/");
    browser.driver().switchTo().activeElement().sendKeys("half-close" + Keys.ENTER);
    assertThat(browser.await("#results li:first-child").getText()).contains("half-close", "term");
    assertThat(browser.address()).contains("search.html?q=half-close");

    assertThat(firstFound("search.html?q=4.06")).startsWith("4.06");
    assertThat(firstFound("search.html?q=selectro")).as("misspelt").contains("select");
    assertThat(firstFound("search.html?q=!epoll")).as("not an operator").contains("epoll");
    assertThat(firstFound("search.html?q=read|write"))
        .isEqualTo(firstFound("search.html?q=read write"));
    assertThat(firstFound("zh/search.html?q=半关闭")).contains("半关闭");
    // Chinese has no blanks: the words of the query are not side by side in the text.
    assertThat(firstFound("zh/search.html?q=线程阻塞")).contains("线程", "阻塞");
    assertThat(browser.complaints()).isEmpty();
  }

  private String firstFound(String page) {
    browser.open(page);
    return browser.await("#results li:first-child").getText();
  }

  @Test
  void codeIsCopiedWithoutItsNumbers() {
    browser.open(LONG_FILE);
    String copied = copied(".copying .copy");
    assertThat(copied).startsWith("package iomodels.nio;").doesNotContainPattern("(?m)^\\d+");
    assertThat(copied.lines().count()).isEqualTo(browser.all(".file .line").size());

    browser.open("ci.html");
    assertThat(copied(".copyable .copy")).startsWith("mvn package -Pdist");
  }

  private String copied(String button) {
    browser.run(
        "navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve();"
            + " }");
    browser.await(button).sendKeys(Keys.ENTER);
    browser.awaitTrue("return window.copied !== undefined");
    return String.valueOf(browser.run("return window.copied"));
  }

  @Test
  void aTableThatIsCutShowsWhereItGoesOn() {
    browser.width(PHONE);
    browser.open("table.html");
    browser.await("main .scroll.more-right:not(.more-left)");
    browser.run("document.querySelector('main .scroll').scrollLeft = 100_000");
    browser.await("main .scroll.more-left:not(.more-right)");
    browser.width(DESKTOP);
    browser.open("ci.html");
    browser.await("main .scroll:not(.more-left, .more-right)");
  }

  /** Waits, since the browser scrolls smoothly. */
  private void awaitInView(String selector) {
    browser.awaitTrue(
        """
        const it = document.querySelector(arguments[0]).getBoundingClientRect();
        return it.top >= 0 && it.bottom <= innerHeight;
        """,
        selector);
  }

  /** Words of up to 24 letters that do not stand on one line. */
  private static final String BROKEN_WORDS =
      """
      const broken = [];
      const texts = document.createTreeWalker(document.getElementById('columns'), NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const text = texts.currentNode;
        if (!text.parentElement.closest('.line')) continue;
        for (const word of text.data.matchAll(/\\w{2,24}/g)) {
          const range = document.createRange();
          range.setStart(text, word.index);
          range.setEnd(text, word.index + word[0].length);
          if (new Set([...range.getClientRects()].map(it => Math.round(it.top))).size > 1) {
            broken.push(word[0]);
          }
        }
      }
      return broken.join();
      """;
}
