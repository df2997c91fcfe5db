package iomodels.cli.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.cli.output.UserError;
import iomodels.wrong.ladder.Ladder;
import iomodels.wrong.ladder.Stage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LadderProgressTest {

  private static final List<Stage> STAGES = Ladder.stages();

  @TempDir private Path folder;

  @Test
  void whatWasPassedIsReadAgain() throws Exception {
    LadderProgress progress = new LadderProgress(folder);
    assertThat(progress.next()).contains(STAGES.getFirst());
    progress.pass(STAGES.get(0), "a {port}");
    progress.pass(STAGES.get(2), "b {port} 'x'");
    progress.pass(STAGES.get(0), "c {port}");

    LadderProgress again = new LadderProgress(folder);
    assertThat(again.count()).isEqualTo(2);
    assertThat(again.hasPassed(STAGES.get(2))).isTrue();
    assertThat(again.next()).contains(STAGES.get(1));
    assertThat(again.lastCommand()).contains("c {port}");
    assertThat(folder).isDirectoryContaining(it -> it.endsWith(LadderProgress.FILE));
  }

  @Test
  void theEndOfTheLadderHasNoNextStage() throws Exception {
    LadderProgress progress = new LadderProgress(folder);
    for (Stage stage : STAGES) {
      progress.pass(stage, "a");
    }
    assertThat(progress.next()).isEmpty();
  }

  /** A later version may have more stages. */
  @Test
  void unknownStagesDoNotCount() throws Exception {
    Files.writeString(
        folder.resolve(LadderProgress.FILE), "{\"passed\":[{\"stage\":\"quic\"}],\"more\":1}");
    assertThat(new LadderProgress(folder).count()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "{\"passed\": 3}", "{\"passed\": [{\"stage\": \"\"}]}"})
  void aDamagedFileNamesTheRemedyAndIsNotChanged(String damaged) throws Exception {
    Path file = Files.writeString(folder.resolve(LadderProgress.FILE), damaged);

    assertThatThrownBy(() -> new LadderProgress(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll(file.toString(), "is damaged", "learn --reset");
    assertThat(file).hasContent(damaged);

    assertThat(LadderProgress.reset(folder)).isTrue();
    assertThat(LadderProgress.reset(folder)).isFalse();
    assertThat(new LadderProgress(folder).count()).isZero();
  }
}
