package iomodels.wrong.ladder;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.conformance.Rule;
import iomodels.conformance.Rule.Precondition;
import iomodels.conformance.rules.Rules;
import iomodels.wrong.WrongServer;
import iomodels.wrong.WrongServers;
import iomodels.wrong.program.WrongProgram;
import iomodels.wrong.program.WrongPrograms;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The stages refer to rules, wrong servers, regions and texts that exist. */
class LadderTest {

  private static final Path PROJECT = Path.of("..");
  private static final Pattern CODE = Pattern.compile("```[^`]*```|`[^`\n]+`");
  private static final Pattern HAN = Pattern.compile("\\p{IsHan}");

  /** What an outside server, which the kit starts, cannot meet. */
  private static final Set<Precondition> UNMET =
      Set.of(
          Precondition.SEQUENTIAL,
          Precondition.DECLARED,
          Precondition.POLLER,
          Precondition.HOST,
          Precondition.REPLY_SOURCE);

  static Stream<Stage> stages() {
    return Ladder.stages().stream();
  }

  @Test
  void theStagesAreNumberedAndNamed() {
    assertThat(Ladder.stages())
        .extracting(Stage::number)
        .containsExactlyElementsOf(IntStream.rangeClosed(1, 12).boxed().toList());
    assertThat(Ladder.stages()).extracting(Stage::name).doesNotHaveDuplicates();
    assertThat(Ladder.named("3")).isEqualTo(Ladder.named("stream")).isPresent();
    assertThat(Ladder.named("13")).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("stages")
  void itsRulesExistAndApplyToAServerThatTheKitStarts(Stage stage) {
    List<Rule> all = stage.program().map(Rules::of).orElseGet(Rules::all);
    List<Rule> rules = all.stream().filter(it -> stage.rules().contains(it.id())).toList();

    assertThat(rules).extracting(Rule::id).containsExactlyElementsOf(stage.rules());
    assertThat(rules)
        .allSatisfy(rule -> assertThat(rule.preconditions()).doesNotContainAnyElementsOf(UNMET));
    if (stage.program().isEmpty()) {
      assertThat(rules)
          .allSatisfy(rule -> assertThat(rule.services()).containsAnyElementsOf(stage.services()));
    }
  }

  /** Other tests prove by running that each wrong server breaks its rule. */
  @ParameterizedTest
  @MethodSource("stages")
  void itsWrongServerBreaksOneOfItsRules(Stage stage) {
    Stream<String> broken =
        stage.program().isEmpty()
            ? WrongServers.named(stage.wrong()).map(WrongServer::rule).stream()
            : WrongPrograms.named(stage.wrong()).map(WrongProgram::rule).stream();

    assertThat(broken).singleElement().isIn(stage.rules());
    assertThat(stage.text(Language.EN).before().markdown())
        .startsWith("`%s`".formatted(stage.wrong()));
  }

  @ParameterizedTest
  @MethodSource("stages")
  void fiveImplementationsShowItsStep(Stage stage) throws IOException {
    assertThat(stage.passages()).hasSize(5).extracting(Passage::page).doesNotHaveDuplicates();
    for (Passage passage : stage.passages()) {
      assertThat(passage.line(PROJECT)).as(passage.toString()).isPresent();
    }
  }

  @ParameterizedTest
  @MethodSource("stages")
  void itsTextIsCompleteInBothLanguages(Stage stage) {
    StageText english = stage.text(Language.EN);
    StageText chinese = stage.text(Language.ZH);

    assertThat(HAN.matcher(whole(english)).find()).isFalse();
    assertThat(parts(chinese)).allSatisfy(part -> assertThat(part).containsPattern(HAN));
    assertThat(code(whole(chinese))).isEqualTo(code(whole(english)));
    assertThat(placeholdersToExplain(stage)).allMatch(english.build().markdown()::contains);
  }

  /** The first stage explains the port; a program has a command of its own. */
  private static List<String> placeholdersToExplain(Stage stage) {
    return stage.number() == 1 || stage.program().isPresent()
        ? stage.placeholders()
        : stage.name().equals("stream") ? List.of(Stage.SERVICE) : List.of();
  }

  private static List<String> parts(StageText text) {
    return Stream.of(text.build(), text.why(), text.before(), text.hint(), text.explanation())
        .flatMap(it -> Stream.of(it.heading(), it.markdown()))
        .toList();
  }

  private static String whole(StageText text) {
    return text.title() + "\n" + String.join("\n", parts(text));
  }

  private static Set<String> code(String markdown) {
    return CODE.matcher(markdown).results().map(MatchResult::group).collect(toSet());
  }

  @Test
  void aTextWithoutASectionIsRefused() {
    assertThatThrownBy(() -> StageText.parse("it.md", "# T\n\n## One\n\ntext\n\n## Two\n\ntext\n"))
        .hasMessageContaining("it.md");
  }

  @Test
  void theLanguageFollowsTheLocale() {
    assertThat(Language.ofLocale("zh_CN.UTF-8")).isEqualTo(Language.ZH);
    assertThat(Language.ofLocale("C.UTF-8")).isEqualTo(Language.EN);
  }
}
