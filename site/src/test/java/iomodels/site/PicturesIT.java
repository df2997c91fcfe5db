package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.chrome.ChromeDriver;

/**
 * Takes a picture of each page in {@code target/pictures}, for people to look at, and checks that
 * no page is wider than the window.
 */
@Tag("thorough")
class PicturesIT {

  private static final Path SITE = Path.of("target/site").toAbsolutePath();
  private static final Path PICTURES = Path.of("target/pictures");
  private static final List<Integer> WIDTHS = List.of(390, 1280, 1600);

  /** The height of a picture: the end of a longer page looks like its middle. */
  private static final int HEIGHT = 3000;

  @Test
  void eachPageHasAPictureAndFitsTheWindow() throws IOException {
    try (Browser browser = Browser.on(SITE)) {
      for (String page : pages()) {
        browser.open(page);
        for (int width : WIDTHS) {
          browser.width(width);
          assertThat(
                  browser.run(
                      "const it = document.documentElement; return it.scrollWidth -"
                          + " it.clientWidth"))
              .as("%s at %d pixels", page, width)
              .isEqualTo(0L);
          for (boolean dark : List.of(false, true)) {
            browser.dark(dark);
            String name = page.replace("/", "-").replace(".html", "");
            String file = "%s-%d-%s.jpg".formatted(name, width, dark ? "dark" : "light");
            Files.createDirectories(PICTURES);
            Files.write(PICTURES.resolve(file), picture(browser, width));
          }
        }
      }
    }
    assertThat(PICTURES).isNotEmptyDirectory();
  }

  private static byte[] picture(Browser browser, int width) {
    Object height =
        browser.run("return Math.min(document.documentElement.scrollHeight, arguments[0])", HEIGHT);
    ChromeDriver driver = browser.driver();
    Map<String, Object> answer =
        driver.executeCdpCommand(
            "Page.captureScreenshot",
            Map.of(
                "format",
                "jpeg",
                "quality",
                80,
                "captureBeyondViewport",
                true,
                "clip",
                Map.of("x", 0, "y", 0, "width", width, "height", height, "scale", 1)));
    return Base64.getDecoder().decode(String.valueOf(answer.get("data")));
  }

  /** All pages, but only one of a source file: these are many and share one template. */
  private static List<String> pages() throws IOException {
    try (Stream<Path> files = Files.walk(SITE)) {
      List<String> all =
          files
              .map(it -> SITE.relativize(it).toString())
              .filter(it -> it.endsWith(".html"))
              .sorted()
              .toList();
      Stream<String> sources = all.stream().filter(it -> it.startsWith("source/")).limit(1);
      return Stream.concat(sources, all.stream().filter(it -> !it.startsWith("source/"))).toList();
    }
  }
}
