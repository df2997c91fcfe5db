package iomodels.site;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.rules.Rules;
import iomodels.program.Program;
import iomodels.program.Programs;
import iomodels.server.spi.StyleProvider;
import iomodels.wrong.WrongServer;
import iomodels.wrong.WrongServers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Checks the handwritten content against the sources, in both languages. */
class ContentTest {

  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();

  private final Content content = new Content(PROJECT.resolve("site/src/main/content"));

  ContentTest() throws IOException {}

  @Test
  void bothLanguagesHaveTheSameMessages() throws IOException {
    assertThat(keys("zh")).containsExactlyInAnyOrderElementsOf(keys("en"));
  }

  @Test
  void theReportHasEachOfItsTextsInChinese() throws IOException {
    assertThat(structure(content.reportWords("zh")))
        .isEqualTo(structure(content.reportWords("en")));
    assertThat(content.reportWords("zh").get("texts"))
        .isNotEqualTo(content.reportWords("en").get("texts"));
  }

  /** Returns the keys and the lengths of lists at all levels, without the texts. */
  private static String structure(Object value) {
    return switch (value) {
      case Map<?, ?> map ->
          new TreeMap<>(
                  map.entrySet().stream()
                      .collect(toMap(it -> it.getKey().toString(), it -> structure(it.getValue()))))
              .toString();
      case List<?> list -> list.stream().map(ContentTest::structure).toList().toString();
      default -> "";
    };
  }

  @Test
  void bothLanguagesHaveTheSameLessonsWithTheSameDirectives() throws IOException {
    List<Content.Text> english = content.lessons("en");
    List<Content.Text> chinese = content.lessons("zh");
    assertThat(english).hasSize(10);
    assertThat(chinese).hasSize(10);
    for (int i = 0; i < english.size(); i++) {
      assertThat(chinese.get(i).slug()).isEqualTo(english.get(i).slug());
      assertThat(directives(chinese.get(i).markdown()))
          .as(english.get(i).slug())
          .containsExactlyInAnyOrderElementsOf(directives(english.get(i).markdown()));
      assertThat(english.get(i).summary()).isNotBlank();
    }
  }

  @Test
  void bothLanguagesHaveTheSameDocumentsWithTheSameDirectives() throws IOException {
    List<Content.Text> english = content.documents("en");
    List<Content.Text> chinese = content.documents("zh");
    assertThat(chinese).hasSameSizeAs(english);
    for (int i = 0; i < english.size(); i++) {
      String slug = english.get(i).slug();
      String text = english.get(i).markdown();
      String translation = chinese.get(i).markdown();
      assertThat(chinese.get(i).slug()).isEqualTo(slug);
      assertThat(directives(translation)).as(slug).isEqualTo(directives(text));
      assertThat(headings(translation)).as(slug).isEqualTo(headings(text));
    }
  }

  /** Returns the levels of the headings. */
  private static List<String> headings(String markdown) {
    return markdown
        .lines()
        .filter(it -> it.startsWith("#"))
        .map(it -> it.split(" ", 2)[0])
        .toList();
  }

  @Test
  void bothLanguagesHaveATextAboutEachProgram() throws IOException {
    for (Program program : Programs.all()) {
      Content.Text english = content.program("en", program.name()).orElseThrow();
      Content.Text chinese = content.program("zh", program.name()).orElseThrow();
      assertThat(directives(chinese.markdown()))
          .as(program.name())
          .containsExactlyInAnyOrderElementsOf(directives(english.markdown()));
      assertThat(List.of(english.title(), english.summary(), chinese.title(), chinese.summary()))
          .as(program.name())
          .noneMatch(String::isBlank);
    }
  }

  @Test
  void everyPieceOfATutorialHasItsTextsAndServersInJava() throws IOException {
    Implementations implementations = Implementations.of(PROJECT);
    List<TutorialPiece> pieces = content.tutorial();
    assertThat(pieces).extracting(TutorialPiece::id).doesNotHaveDuplicates();
    for (TutorialPiece piece : pieces) {
      for (String language : StudySite.LANGUAGES) {
        assertThat(List.of(piece.title().in(language), piece.shows().in(language)))
            .as(piece.id())
            .noneMatch(String::isBlank);
      }
      assertThat(piece.java() != null || piece.client() != null).as(piece.id()).isTrue();
    }
    // Each twin of a server is shown, and each server of a tutorial.
    assertThat(implementations.all().stream().filter(ContentTest::isOfTutorials))
        .extracting(Implementation::id)
        .isSubsetOf(
            pieces.stream()
                .flatMap(it -> Stream.of(it.java(), it.python()))
                .flatMap(it -> it == null ? Stream.of() : it.stream())
                .toList());
  }

  private static boolean isOfTutorials(Implementation implementation) {
    return implementation.group() == Implementation.Group.TUTORIALS
        || implementation.group() == Implementation.Group.PYTHON;
  }

  @Test
  void notesNameExistingServers() throws IOException {
    Implementations implementations = Implementations.of(PROJECT);
    List<String> wrongServers = WrongServers.all().stream().map(WrongServer::name).toList();
    content
        .allNotes()
        .forEach(
            (model, notes) -> {
              assertThat(implementations.named(model)).as(model).isPresent();
              assertThat(notes.pitfalls())
                  .as(model)
                  .isNotEmpty()
                  .allSatisfy(it -> assertThat(wrongServers).contains(it.server()));
              assertThat(notes.related())
                  .as(model)
                  .allSatisfy(it -> assertThat(implementations.named(it)).as(it).isPresent());
            });
  }

  @Test
  void everyServerHasEachRegionOrAReasonForItsAbsence() throws IOException {
    for (Implementation implementation : Implementations.of(PROJECT).all()) {
      assertThat(implementation.steps()).as(implementation.id()).isNotEmpty();
      for (String region : implementation.steps()) {
        boolean there = !implementation.with(region).isEmpty();
        assertThat(there || !implementation.without(region).isEmpty())
            .as("%s of %s", region, implementation.id())
            .isTrue();
      }
    }
  }

  @Test
  void textsOfTheSourcesAreTranslated() throws IOException {
    Words words = content.words("zh");
    List<String> missing = new ArrayList<>();
    BiConsumer<String, String> demand =
        (kind, key) -> {
          if (words.translated(kind, key, "").isEmpty()) {
            missing.add(kind + " " + key);
          }
        };
    StyleProvider.installed().forEach(it -> demand.accept("style", it.style()));
    Stream.concat(
            Rules.all().stream(), Programs.all().stream().flatMap(it -> Rules.of(it).stream()))
        .forEach(
            it -> {
              demand.accept("rule", it.id());
              demand.accept("why", it.id());
            });
    WrongServers.all().forEach(it -> demand.accept("fault", it.name()));
    // New Python files and new models may lack a translation at first.
    content.allNotes().keySet().forEach(it -> demand.accept("summary", it));
    assertThat(missing).isEmpty();
  }

  private List<String> keys(String language) throws IOException {
    return content.words(language).all().keySet().stream()
        .filter(it -> !it.startsWith(Words.SERVERS))
        .toList();
  }

  private static List<String> directives(String markdown) {
    return Stream.of(markdown.split("\\{\\{"))
        .skip(1)
        .map(it -> it.substring(0, it.indexOf("}}")))
        .toList();
  }
}
