package iomodels.site;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.site.Implementation.Group;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Checks the lengths of pages in CONTRIBUTING.md against the sources. {@code mvn verify -pl site
 * -am -DskipITs -Dlengths.write -Dtest=PageLengthsTest -Dsurefire.failIfNoSpecifiedTests=false}
 * updates them.
 */
class PageLengthsTest {

  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();
  private static final Path DOCUMENT = PROJECT.resolve("CONTRIBUTING.md");
  private static final String BEGIN = "<!-- lengths -->\n";
  private static final String END = "<!-- end of lengths -->";

  @Test
  void theTableHasTheLengthsOfTheSources() throws IOException {
    String document = Files.readString(DOCUMENT);
    int begin = document.indexOf(BEGIN) + BEGIN.length();
    int end = document.indexOf(END);
    String wanted = document.substring(0, begin) + table() + document.substring(end);
    if (System.getProperty("lengths.write") != null) {
      Files.writeString(DOCUMENT, wanted);
    } else {
      assertThat(document)
          .as("CONTRIBUTING.md has outdated lengths; update them with -Dlengths.write")
          .isEqualTo(wanted);
    }
  }

  private static String table() throws IOException {
    Implementations implementations = Implementations.of(PROJECT);
    return Stream.concat(
            Stream.of("| page | lines | aim |", "| --- | ---: | ---: |"),
            Stream.of(Group.MODELS, Group.PROGRAMS)
                .flatMap(group -> implementations.of(group).stream())
                .filter(it -> it.page().endsWith(".java"))
                .map(PageLengthsTest::row))
        .collect(joining("\n", "", "\n"));
  }

  private static String row(Implementation implementation) {
    Source page = implementation.sources().getFirst();
    String name = page.path().replaceAll(".*/", "").replace(".java", "");
    return "| [%s](%s) | %d | %s |"
        .formatted(name, page.path(), page.linesOfCode(), aim(implementation, page.path()));
  }

  /** Returns the length to aim at for this kind of page. */
  private static int aim(Implementation implementation, String path) {
    Optional<String> style =
        implementation.styledProgram().map(Implementation.StyledProgram::style);
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
