package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.jsoup.Jsoup;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Tests that truncated, missing or invalid recordings are reported, and break no page. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DamagedDataIT {

  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();
  private static final Path RECORDED = PROJECT.resolve("site/src/main/recorded");

  @TempDir private static Path temporary;
  private Path site = temporary;

  @BeforeAll
  void generate() throws IOException {
    Path recorded = temporary.resolve("recorded");
    Path traces = Files.createDirectories(recorded.resolve("traces"));
    try (Stream<Path> files = Files.list(RECORDED.resolve("traces"))) {
      for (Path file : files.toList()) {
        Files.copy(file, traces.resolve(file.getFileName()));
      }
    }
    Path half = traces.resolve("nio-selector.json");
    byte[] whole = Files.readAllBytes(half);
    Files.write(half, Arrays.copyOf(whole, whole.length / 2));
    Path ended = traces.resolve("linux-poll.json");
    String text = Files.readString(ended);
    Files.writeString(
        ended,
        text.replaceFirst("\"complete\"\\s*:\\s*true", "\"complete\": false")
            .replaceFirst("\"note\"\\s*:\\s*\"\"", "\"note\": \"The server died.\""));
    Files.delete(traces.resolve("vertx.json"));
    Files.writeString(recorded.resolve("conform.json"), "[{\"target\": \"vertx on ep");
    site = temporary.resolve("site");
    new StudySite(PROJECT, Recorded.read(recorded)).write(site);
  }

  @Test
  void aModelsPageReportsWhatIsMissingAndShowsTheRest() throws IOException {
    assertThat(text("models/nio-selector.html"))
        .contains("Its trace is incomplete: cut off", "Pitfalls", "Selector.select")
        .contains("Its costs have not been measured", "Its verdicts have not been recorded");
    assertThat(text("models/vertx.html"))
        .contains("No trace of its system calls has been recorded", "./iomodels trace vertx");
    assertThat(text("models/linux-poll.html")).contains("The server died.");
    assertThat(text("zh/models/vertx.html")).contains("它的系统调用还没有记录");
    assertThat(text("rules.html")).contains("What the kit sees of it has not been recorded.");
  }

  @Test
  void theTableHasDashes() throws IOException {
    assertThat(text("table.html")).contains("Nothing has been measured yet.", "–", "nio-selector");
  }

  @Test
  void theTimelineReportsWhatItCannotDrawAndDrawsTheRest() {
    try (Browser browser = Browser.on(site)) {
      browser.open("timeline.html#show=nio-selector,linux-epoll,linux-poll");
      browser.await("#timeline .tl-server", 3);
      browser.await("#timeline .tl-server:nth-of-type(2) svg path");
      String text = browser.await("#timeline").getText();
      assertThat(text).contains("nio-selector", "cut off", "linux-epoll-loop", "The server died.");
      assertThat(browser.complaints()).isEmpty();
    }
  }

  private String text(String page) throws IOException {
    return Jsoup.parse(site.resolve(page)).text();
  }
}
