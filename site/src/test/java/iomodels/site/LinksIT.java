package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.junit.jupiter.api.Test;

/** Checks the links of the generated site, and the size of its first page. */
class LinksIT {

  private static final Path SITE = Path.of("target/site").toAbsolutePath();
  private static final long FIRST_PAGE_LIMIT = 300_000;

  /** The ids of each page. */
  private final Map<Path, Set<String>> anchors = new HashMap<>();

  @Test
  void noLinkIsBroken() throws IOException {
    List<String> broken = new ArrayList<>();
    int links = 0;
    for (Path page : pages()) {
      Document document = Jsoup.parse(page);
      for (Element link : document.select("a[href]")) {
        String url = link.attr("href");
        if (!url.startsWith("https://")) {
          links++;
          if (!isValid(page, url)) {
            broken.add("%s in %s".formatted(url, SITE.relativize(page)));
          }
        }
      }
    }
    assertThat(links).isGreaterThan(1_000);
    assertThat(broken).isEmpty();
  }

  @Test
  void noIdOccursTwiceOnAPage() throws IOException {
    for (Path page : pages()) {
      assertThat(Jsoup.parse(page).select("[id]").stream().map(Element::id))
          .as(page.toString())
          .doesNotHaveDuplicates();
    }
  }

  @Test
  void theFragmentOfARuleIsTheSameInTheContract() throws IOException {
    Document contract = Jsoup.parse(Path.of("../CONTRACT.md"));
    Set<String> ids = anchors(SITE.resolve("rules.html"));
    assertThat(contract.select("a[id^=rule-]").stream().map(Element::id))
        .containsAll(ids.stream().filter(it -> it.matches("rule-[\\d.]+")).toList());
    assertThat(ids).contains("rule-4.01", "rule-11.01");
  }

  @Test
  void noResourceIsLoadedFromTheNetwork() throws IOException {
    for (Path page : pages()) {
      for (Element element : Jsoup.parse(page).select("[src], link[href]")) {
        String url = element.hasAttr("src") ? element.attr("src") : element.attr("href");
        if (!url.startsWith("data:")) {
          assertThat(page.resolveSibling(url).normalize()).exists().startsWith(SITE);
        }
      }
    }
    try (Stream<Path> styles = Files.list(SITE.resolve("assets"))) {
      for (Path style : styles.filter(it -> it.toString().endsWith(".css")).toList()) {
        assertThat(style).content().doesNotContainPattern("url\\(\"?[^#\"]|@import");
      }
    }
  }

  @Test
  void theFirstPageIsLight() throws IOException {
    for (String first : List.of("index.html", "zh/index.html")) {
      Path page = SITE.resolve(first);
      long weight = Files.size(page);
      for (Element element : Jsoup.parse(page).select("script[src], link[rel=stylesheet]")) {
        String url = element.hasAttr("src") ? element.attr("src") : element.attr("href");
        weight += Files.size(page.resolveSibling(url));
      }
      assertThat(weight).as(first).isLessThan(FIRST_PAGE_LIMIT);
    }
  }

  @Test
  void bothLanguagesHaveTheSamePages() throws IOException {
    List<String> english = new ArrayList<>();
    List<String> chinese = new ArrayList<>();
    for (Path page : pages()) {
      String path = SITE.relativize(page).toString();
      if (path.startsWith("zh/")) {
        chinese.add(path.substring("zh/".length()));
      } else if (!path.startsWith("source/")) {
        english.add(path);
      }
    }
    assertThat(chinese).containsExactlyInAnyOrderElementsOf(english);
    assertThat(english.stream().filter(it -> it.startsWith("lessons/"))).hasSize(10);
  }

  private boolean isValid(Path page, String url) throws IOException {
    String[] parts = url.split("#", 2);
    Path target = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]).normalize();
    if (!target.startsWith(SITE) || !Files.isRegularFile(target)) {
      return false;
    }
    String name = String.valueOf(target.getFileName());
    if (parts.length == 1) {
      return true;
    }
    return switch (name) {
      // The fragment of these pages is a choice of servers, which must exist.
      case "side-by-side.html" -> isAnchor(target, parts[1]) || known(parts[1], "code");
      // The script of this page creates its sections from embedded data.
      case "lab-report.html" ->
          isAnchor(target, parts[1])
              || Files.readString(target)
                  .contains("{\"id\":\"%s\"".formatted(parts[1].replaceFirst("^claim-", "")));
      case "timeline.html" ->
          isAnchor(target, parts[1]) || known(parts[1].replaceFirst("^show=", ""), "traces");
      default -> isAnchor(target, parts[1]);
    };
  }

  private static boolean known(String servers, String folder) {
    return Stream.of(servers.replaceFirst("&.*", "").split(","))
        .allMatch(
            it ->
                Files.isRegularFile(SITE.resolve(folder).resolve(Implementation.file(it) + ".js")));
  }

  private boolean isAnchor(Path page, String fragment) throws IOException {
    return anchors(page).contains(URLDecoder.decode(fragment, StandardCharsets.UTF_8));
  }

  private Set<String> anchors(Path page) throws IOException {
    if (!anchors.containsKey(page)) {
      anchors.put(
          page,
          Jsoup.parse(page).select("[id]").stream().map(Element::id).collect(Collectors.toSet()));
    }
    return anchors.getOrDefault(page, Set.of());
  }

  private static List<Path> pages() throws IOException {
    try (Stream<Path> files = Files.walk(SITE)) {
      return files.filter(it -> it.toString().endsWith(".html")).sorted().toList();
    }
  }
}
