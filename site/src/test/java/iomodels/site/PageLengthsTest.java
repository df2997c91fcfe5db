package iomodels.site;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.site.Exhibit.Group;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The lengths of the pages in CONTRIBUTING.md are those of the sources. {@code mvn verify -pl site
 * -am -Dlengths.write -Dtest=PageLengthsTest -Dsurefire.failIfNoSpecifiedTests=false} writes them
 * anew.
 */
class PageLengthsTest {

  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();
  private static final Path DOCUMENT = PROJECT.resolve("CONTRIBUTING.md");
  private static final String BEGIN = "<!-- lengths -->\n";
  private static final String END = "<!-- end of lengths -->";

  @Test
  void theTableIsThatOfTheSources() throws IOException {
    String document = Files.readString(DOCUMENT);
    int begin = document.indexOf(BEGIN) + BEGIN.length();
    int end = document.indexOf(END);
    String wanted = document.substring(0, begin) + table() + document.substring(end);
    if (System.getProperty("lengths.write") != null) {
      Files.writeString(DOCUMENT, wanted);
    } else {
      assertThat(document)
          .as("lengths that are not those of the sources; write them anew with -Dlengths.write")
          .isEqualTo(wanted);
    }
  }

  private static String table() throws IOException {
    Exhibits exhibits = Exhibits.of(PROJECT);
    return Stream.concat(
            Stream.of("| page | lines | aim |", "| --- | ---: | ---: |"),
            Stream.of(Group.MODELS, Group.PROGRAMS)
                .flatMap(group -> exhibits.of(group).stream())
                .filter(it -> it.page().endsWith(".java"))
                .map(PageLengthsTest::row))
        .collect(joining("\n", "", "\n"));
  }

  private static String row(Exhibit exhibit) {
    Source page = exhibit.sources().getFirst();
    String name = page.path().replaceAll(".*/", "").replace(".java", "");
    return "| [%s](%s) | %d | %s |"
        .formatted(name, page.path(), page.linesOfCode(), aim(exhibit, page.path()));
  }

  /** What such a page can be; a longer one says too much, or does too much. */
  private static int aim(Exhibit exhibit, String path) {
    Optional<String> style = exhibit.written().map(Exhibit.Written::style);
    if (style.isPresent()) {
      return switch (style.get()) {
        case "nio-selector" -> 230;
        case "reactor-netty" -> 100;
        default -> 130;
      };
    }
    if (path.startsWith("linux-impl/")) {
      return path.endsWith("/IoUringServer.java") ? 320 : 220;
    }
    return path.startsWith("nio-impl/") ? 190 : 120;
  }
}
