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

  private LadderProgress progress() throws UserError {
    return new LadderProgress(new Invocation(folder));
  }

  @Test
  void whatWasPassedIsReadAgain() throws Exception {
    LadderProgress progress = progress();
    assertThat(progress.next()).contains(STAGES.getFirst());
    progress.pass(STAGES.get(0), "a {port}");
    progress.pass(STAGES.get(2), "b {port} 'x'");
    progress.pass(STAGES.get(0), "c {port}");

    LadderProgress again = progress();
    assertThat(again.count()).isEqualTo(2);
    assertThat(again.hasPassed(STAGES.get(2))).isTrue();
    assertThat(again.next()).contains(STAGES.get(1));
    assertThat(again.lastCommand()).contains("c {port}");
    assertThat(folder).isDirectoryContaining(it -> it.endsWith(LadderProgress.FILE));
  }

  @Test
  void theEndOfTheLadderHasNoNextStage() throws Exception {
    LadderProgress progress = progress();
    for (Stage stage : STAGES) {
      progress.pass(stage, "a");
    }
    assertThat(progress.next()).isEmpty();
  }

  @Test
  void whatAnotherTerminalHasPassedOrResetIsNotUndone() throws Exception {
    LadderProgress progress = progress();
    progress.pass(STAGES.get(0), "a");
    progress().pass(STAGES.get(1), "b");
    progress.pass(STAGES.get(2), "c");
    assertThat(progress().count()).isEqualTo(3);

    LadderProgress.reset(folder);
    progress.pass(STAGES.get(3), "d");
    assertThat(progress().count()).isEqualTo(1);
    assertThat(progress.next()).contains(STAGES.get(0));
  }

  @Test
  void aFileThatCannotBeReadIsNotCalledDamaged() throws Exception {
    Path file = Files.createDirectory(folder.resolve(LadderProgress.FILE));

    assertThatThrownBy(this::progress)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("cannot read " + file)
        .hasMessageNotContainingAny("damaged", "--reset");
  }

  /** A later version may have more stages. */
  @Test
  void unknownStagesDoNotCount() throws Exception {
    Files.writeString(
        folder.resolve(LadderProgress.FILE), "{\"passed\":[{\"stage\":\"quic\"}],\"more\":1}");
    assertThat(progress().count()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "{\"passed\": 3}", "{\"passed\": [{\"stage\": \"\"}]}"})
  void aDamagedFileNamesTheRemedyAndIsNotChanged(String damaged) throws Exception {
    Path file = Files.writeString(folder.resolve(LadderProgress.FILE), damaged);

    assertThatThrownBy(() -> progress())
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll(file.toString(), "is damaged", "learn --reset --folder " + folder);
    assertThat(file).hasContent(damaged);

    assertThat(LadderProgress.reset(folder)).isTrue();
    assertThat(LadderProgress.reset(folder)).isFalse();
    assertThat(progress().count()).isZero();
  }
}
