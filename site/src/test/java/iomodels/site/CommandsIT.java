package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Element;
import org.junit.jupiter.api.Test;

/**
 * Collects the commands of the generated pages into a file, from which a test of the command parses
 * and runs them. CONTRIBUTING.md, "Documents", has the command that updates it.
 */
class CommandsIT {

  private static final Path SITE = Path.of("target/site").toAbsolutePath();
  private static final Path FILE =
      Path.of("../cli/src/test/resources/iomodels/cli/commands-of-the-site.txt");

  @Test
  void theFileHasTheCommandsOfTheGeneratedPages() throws IOException {
    SortedSet<String> commands = new TreeSet<>();
    for (Path page : pages()) {
      for (Element code : Jsoup.parse(page).select("code")) {
        code.wholeText()
            .lines()
            .flatMap(line -> Stream.of(line.split("\\s[&|](\\s|$)|; |\\s#")))
            .map(String::strip)
            .filter(it -> it.startsWith("./iomodels "))
            .forEach(commands::add);
      }
    }
    assertThat(commands).hasSizeGreaterThan(150);
    if (System.getProperty("commands.write") != null) {
      Files.write(FILE, commands);
    } else {
      assertThat(Files.readAllLines(FILE))
          .as("commands of the pages; update the file with -Dcommands.write")
          .containsExactlyElementsOf(commands);
    }
  }

  @Test
  void everyModelTwinAndProgramHasItsCommands() throws IOException {
    List<String> without = new ArrayList<>();
    for (Implementation each : Implementations.of(Path.of("..").toAbsolutePath()).all()) {
      List<String> shown =
          Jsoup.parse(SITE.resolve(pageOf(each))).select(".commands code").eachText();
      List<String> own = Commands.of(each).stream().map(Commands.Command::text).toList();
      assertThat(own).as(each.id()).hasSizeBetween(2, 3);
      if (!shown.containsAll(own)) {
        without.add(each.id());
      }
    }
    assertThat(without).isEmpty();
  }

  private static String pageOf(Implementation implementation) {
    if (implementation.card().isPresent()) {
      return "zh/models/%s.html".formatted(implementation.id());
    }
    return implementation.page().endsWith(".py")
        ? "source/%s.html".formatted(implementation.page())
        : "programs.html";
  }

  /** The pages of servers, and the lessons; other pages have commands as well. */
  private static List<Path> pages() throws IOException {
    try (Stream<Path> files = Files.walk(SITE)) {
      return files
          .filter(it -> it.toString().endsWith(".html"))
          .filter(
              it ->
                  SITE.relativize(it)
                      .toString()
                      .matches("(zh/)?(models/|lessons/|programs|tutorial|source/python).*"))
          .sorted()
          .toList();
    }
  }
}
