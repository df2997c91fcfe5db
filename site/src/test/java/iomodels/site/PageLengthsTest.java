package iomodels.site;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.site.Implementation.Group;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
    List<Implementation> pages =
        Stream.of(Group.MODELS, Group.PROGRAMS)
            .flatMap(group -> implementations.of(group).stream())
            .filter(it -> it.page().endsWith(".java"))
            .toList();
    return Stream.concat(
            Stream.of("| page | lines | aim |", "| --- | ---: | ---: |"),
            pages.stream().map(it -> row(it, pages)))
        .collect(joining("\n", "", "\n"));
  }

  private static String row(Implementation implementation, List<Implementation> pages) {
    Source page = implementation.sources().getFirst();
    String name = name(implementation);
    boolean unique = pages.stream().filter(it -> name(it).equals(name)).count() == 1;
    String shown = unique ? name : "%s in %s".formatted(name, page.path().replaceAll("/.*", ""));
    return "| [%s](%s) | %d | %s |"
        .formatted(shown, page.path(), page.linesOfCode(), aim(implementation, page.path()));
  }

  private static String name(Implementation implementation) {
    String path = implementation.sources().getFirst().path();
    return path.replaceAll(".*/", "").replace(".java", "");
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
