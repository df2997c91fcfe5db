package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.deque.html.axecore.args.AxeRunOptions;
import com.deque.html.axecore.selenium.AxeBuilder;
import java.io.File;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import org.openqa.selenium.By;
import org.openqa.selenium.JavascriptExecutor;
import org.openqa.selenium.WebDriver;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.FluentWait;
import org.openqa.selenium.support.ui.WebDriverWait;

/** A headless Chromium. It opens pages from the file system, or from a server at 127.0.0.1. */
final class Browser implements AutoCloseable {

  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
  private static final Path DRIVER = Path.of("/usr/bin/chromedriver");

  /** Generous: the machine may be busy. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /**
   * Axe takes half a minute for tens of thousands of elements: words of code, cells of tables,
   * marks of charts. Those with the same tags and classes, up to the third ancestor, have the same
   * style.
   */
  private static final String FEW_OF_A_KIND =
      """
      document.querySelectorAll('.chart svg > *, figure details tr:nth-child(n + 5)').forEach(it =>
        it.remove());
      const seen = new Map();
      const name = it => it ? `${it.tagName}.${it.className}` : '';
      document.querySelectorAll('span, td').forEach(it => {
        const up = it.parentElement;
        const kind = [it, up, up?.parentElement, up?.parentElement?.parentElement].map(name).join();
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        if (it.children.length === 0 && seen.get(kind) > 10) it.remove();
      });
      """;

  private final ChromeDriver driver;
  private final Path site;

  private Browser(ChromeDriver driver, Path site) {
    this.driver = driver;
    this.site = site;
  }

  /** Skips the test if Chromium is missing, or fails it if {@code CI} is set. */
  static Browser on(Path site) {
    boolean here = Files.isExecutable(CHROMIUM) && Files.isExecutable(DRIVER);
    if (!"true".equals(System.getenv("CI"))) {
      assumeTrue(here, "needs Debian's packages chromium and chromium-driver");
    }
    assertThat(here).as("chromium and chromium-driver are installed").isTrue();
    ChromeOptions options = new ChromeOptions();
    options.setBinary(CHROMIUM.toString());
    options.addArguments(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1");
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    options.setCapability("goog:loggingPrefs", logs);
    ChromeDriverService service =
        new ChromeDriverService.Builder().usingDriverExecutable(DRIVER.toFile()).build();
    return new Browser(new ChromeDriver(service, options), site);
  }

  /** Loads a page of the site, even if only the fragment has changed. */
  void open(String page) {
    driver.get("about:blank"); // A new fragment alone would not reload the page.
    var _ = complaints(); // Discard messages about the previous page.
    driver.get(address(page));
  }

  /** Loads a page from a server. */
  void visit(String url) {
    driver.get(url);
  }

  /** Waits until a script that returns a boolean returns true. */
  void awaitTrue(String script, Object... arguments) {
    patience()
        .withMessage(() -> "%s of %s".formatted(script, List.of(arguments)))
        .until(_ -> Boolean.TRUE.equals(run(script, arguments)));
  }

  String address(String page) {
    String path = page.replaceFirst("[?#].*", "");
    URI file = new File(site.toFile(), path).toURI();
    return file.toString().replaceFirst("^file:/+", "file:///") + page.substring(path.length());
  }

  String address() {
    return String.valueOf(driver.getCurrentUrl());
  }

  /** Waits until the number of matching elements is {@code count}, and returns them. */
  List<WebElement> await(String selector, int count) {
    patience()
        .withMessage(() -> "%d of %s in %s".formatted(count, selector, driver.getCurrentUrl()))
        .until(_ -> all(selector).size() == count);
    return all(selector);
  }

  /** Waits until an element matches, and returns the first. */
  WebElement await(String selector) {
    patience()
        .withMessage(() -> "no %s in %s".formatted(selector, driver.getCurrentUrl()))
        .until(_ -> !all(selector).isEmpty());
    return all(selector).getFirst();
  }

  /** The default interval of half a second would be most of the time that the tests take. */
  private FluentWait<WebDriver> patience() {
    return new WebDriverWait(driver, PATIENCE).pollingEvery(Duration.ofMillis(50));
  }

  List<WebElement> all(String selector) {
    return driver.findElements(By.cssSelector(selector));
  }

  /** Runs a script and returns its result; a number is a {@link Long}. */
  Object run(String script, Object... arguments) {
    Object value = ((JavascriptExecutor) driver).executeScript(script, arguments);
    return value == null ? "" : value;
  }

  /** Sets the inner width, which may be less than the smallest width of a window. */
  void width(int width) {
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", false));
  }

  void dark(boolean dark) {
    prefer("prefers-color-scheme", dark ? "dark" : "light");
  }

  /** Sets the reader's preference, and resets the others. */
  void reducedMotion() {
    prefer("prefers-reduced-motion", "reduce");
  }

  private void prefer(String feature, String value) {
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", feature, "value", value))));
  }

  ChromeDriver driver() {
    return driver;
  }

  /** Returns the console messages since the last call. */
  List<String> complaints() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .filter(it -> it.getLevel().intValue() >= Level.WARNING.intValue())
        .map(LogEntry::toString)
        .toList();
  }

  /** Returns the accessibility violations that axe finds (WCAG 2.2, A and AA). */
  List<String> barriers() {
    return violations(
        axe().withTags(List.of("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")));
  }

  /** Returns the elements with too little contrast. */
  List<String> faint() {
    return violations(axe().withRules(List.of("color-contrast")));
  }

  /** To describe each element without a violation takes longer than to find those that have one. */
  private static AxeBuilder axe() {
    AxeRunOptions options = new AxeRunOptions();
    options.setResultTypes(List.of("violations"));
    return new AxeBuilder().withOptions(options);
  }

  private List<String> violations(AxeBuilder axe) {
    run(FEW_OF_A_KIND);
    return axe.disableIframeTesting().analyze(driver).getViolations().stream()
        .map(it -> "%s: %s".formatted(it.getId(), it.getNodes().getFirst().getHtml()))
        .toList();
  }

  @Override
  public void close() {
    driver.quit();
  }
}
