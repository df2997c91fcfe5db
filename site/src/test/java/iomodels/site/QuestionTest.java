package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.site.Question.Option;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Element;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The recordings answer each question of the lessons: exactly one option is right. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS) // It takes seconds to read all sources.
class QuestionTest {

  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern PREDICT = Pattern.compile("\\{\\{predict ([\\w-]+)}}");

  private final StudySite site =
      new StudySite(PROJECT, Recorded.read(PROJECT.resolve("site/src/main/recorded")));

  QuestionTest() throws IOException {}

  @Test
  void everyLessonAsksAndEveryQuestionIsAsked() throws IOException {
    Set<String> asked = new HashSet<>();
    for (Content.Text lesson : site.content().lessons("en")) {
      List<String> names =
          PREDICT.matcher(lesson.markdown()).results().map(it -> it.group(1)).toList();
      assertThat(names).as(lesson.slug()).isNotEmpty();
      asked.addAll(names);
    }
    assertThat(asked).isEqualTo(site.content().questions().keySet());
  }

  @Test
  void theRecordingsAnswerEachQuestionInBothLanguages() throws IOException {
    for (Map.Entry<String, Question> each : site.content().questions().entrySet()) {
      for (String language : StudySite.LANGUAGES) {
        Element form = form(each.getKey(), each.getValue(), language, fact(each.getValue()));
        assertThat(form.select("input")).as(each.getKey()).hasSizeBetween(2, 4);
        assertThat(form.select("input[data-right]")).as(each.getKey()).hasSize(1);
        assertThat(form.select("label").eachText())
            .as(each.getKey())
            .doesNotContain("")
            .doesNotHaveDuplicates();
        assertThat(form.select("details p").eachText()).hasSizeGreaterThan(1).doesNotContain("");
        assertThat(form.text()).as(each.getKey()).doesNotContain("{{", "–");
      }
    }
  }

  private Optional<String> fact(Question question) {
    return site.facts().of(question.fact());
  }

  private Element form(String id, Question question, String language, Optional<String> fact)
      throws IOException {
    Words words = site.content().words(language);
    Prose.Directives directives = new LiveDirectives(site, words, new Links(language, 1));
    String html = new QuestionMarkup(words, directives).html(id, question, fact);
    return Jsoup.parseBodyFragment(html).expectFirst("form.predict#" + id);
  }

  private static Question asking(String... whens) {
    List<Option> options =
        List.of(whens).stream().map(it -> new Option(it, "if " + it, "如 " + it)).toList();
    Question.Text why = new Question.Text("because", "因为");
    return new Question("trace nio-polling kind ask", "how many?", "多少？", why, options);
  }

  @Test
  void noOptionOrTwoThatMatchFailTheBuild() {
    assertThatThrownBy(() -> asking("..3", "5..").right("4.00"))
        .hasMessageContaining("0 options", "4.00", "trace nio-polling kind ask");
    assertThatThrownBy(() -> asking("..5", "4..").right("4.00")).hasMessageContaining("2 options");
    assertThat(asking("..4", "4..").right("4.00")).isEqualTo(1);
  }

  @Test
  void withoutTheRecordingThereIsNoAnswerAndNoButton() throws IOException {
    Element form = form("any", asking("..4", "4.."), "en", Optional.empty());

    assertThat(form.select("input")).hasSize(2);
    assertThat(form.select("button, details, [data-right=\"\"]")).isEmpty();
    assertThat(form.text()).contains("The recording that answers this question is missing.");
  }

  @ParameterizedTest
  @CsvSource({
    "BROKEN, BROKEN, true",
    "BROKEN, KEPT, false",
    "read recvfrom, recvfrom, true",
    "read recvfrom, recv, false",
    "2..9, 2.00, true",
    "2..9, 9.00, false",
    "..9, -1, true",
    "9.., 9, true"
  })
  void anOptionMatchesWordsOrARange(String when, String fact, boolean matches) {
    assertThat(new Option(when, "", "").matches(fact)).isEqualTo(matches);
  }

  @Test
  void aFactThatDoesNotExistIsRefused() {
    assertThatThrownBy(() -> site.facts().of("verdict nio-selector"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unknown fact 'verdict nio-selector'");
    assertThat(site.facts().of("verdict no-such-server 4.01")).isEmpty();
    assertThat(site.facts().of("verdict nio-selector 4.01")).hasValue("KEPT");
  }
}
