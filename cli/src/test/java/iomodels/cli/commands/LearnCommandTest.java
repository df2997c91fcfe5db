package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.cli.Cli;
import iomodels.cli.learn.Invocation;
import iomodels.cli.learn.LadderProgress;
import iomodels.wrong.ladder.Ladder;
import iomodels.wrong.ladder.Stage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tests what {@code learn} shows and writes without judging a server. */
class LearnCommandTest {

  @TempDir private Path folder;

  private Cli learn(String... arguments) {
    List<String> all = new ArrayList<>(List.of("learn", "--folder=" + folder));
    all.addAll(List.of(arguments));
    return Cli.run(all.toArray(String[]::new));
  }

  private void pass(String... stages) throws Exception {
    LadderProgress progress = new LadderProgress(new Invocation(folder));
    for (String stage : stages) {
      progress.pass(Ladder.named(stage).orElseThrow(), "exec ./it {port} {service}");
    }
  }

  @Test
  void aNewcomerSeesTheLadderAndHowToBegin() {
    Cli cli = learn("--language=en");

    assertThat(cli.exitCode()).as(cli.err()).isZero();
    assertThat(cli.out())
        .contains("./iomodels learn echo --folder " + folder)
        .contains("0 of 12 stages are passed", "next     1  echo", "12  http")
        .contains("./iomodels learn echo", "./iomodels learn --exec 'COMMAND {port}'")
        .contains("--starter python", LadderProgress.FILE);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void theLadderShowsTheProgressAndTheCommandToGoOnWith() throws Exception {
    pass("echo", "partial-writes");

    assertThat(learn("--language=en").out())
        .contains("2 of 12 stages are passed", "passed   2  partial-writes", "next     3  stream")
        .contains("./iomodels learn --exec 'exec ./it {port} {service}'")
        .doesNotContain("--starter");
    assertThat(learn("--list").out()).doesNotContain("--exec");

    pass(Ladder.stages().stream().map(Stage::name).toArray(String[]::new));
    assertThat(learn("--language=en").out()).contains("All stages are passed.");
  }

  @Test
  void theLadderIsAvailableAsJson() throws Exception {
    pass("echo");
    JsonNode rows = JsonMapper.shared().readTree(learn("--json=-").out());

    assertThat(rows.size()).isEqualTo(12);
    assertThat(rows.get(0).path("passed").asBoolean()).isTrue();
    assertThat(rows.get(1).path("next").asBoolean()).isTrue();
    assertThat(rows.get(2).path("name").asString()).isEqualTo("stream");
    assertThat(rows.get(2).path("rules").size()).isEqualTo(5);
  }

  @Test
  void aStageSaysWhatToBuildAndHowItIsJudged() {
    Cli cli = learn("3", "--language=en");

    assertThat(cli.exitCode()).isZero();
    assertThat(cli.out())
        .contains("Stage 3 of 12: A stream has no messages", "What to build", "Why it matters")
        .contains("./iomodels conform --wrong answers-by-the-word")
        .contains("3.01  The server MUST NOT answer a line before the line is complete.")
        .contains("./iomodels learn stream --exec 'COMMAND {port} {service}'")
        .doesNotContain("Explanation");
    assertThat(cli.out().lines())
        .allMatch(it -> it.length() <= 100 || it.contains(folder.toString()));
    assertThat(learn("relay", "--language=en").out())
        .contains("./iomodels conform --program relay relay-keeps-the-fin --rule 11.03");
  }

  @Test
  void theTextsAreAvailableInChinese() {
    assertThat(learn("--language=zh").out()).contains("阶梯：", "下一关   1  echo", "大写回显");
    assertThat(learn("stream", "--language=zh").out())
        .contains("第 3 关，共 12 关：流里没有消息", "要做什么", "为什么重要", "规则");
  }

  @Test
  void aHintIsShownOnDemand() throws Exception {
    assertThat(learn("half-close", "--hint", "--language=en").out())
        .contains("Hint", "SHUT_WR")
        .doesNotContain("What to build");
    pass("echo");
    assertThat(learn("--hint", "--language=en").out()).as("of the next stage").contains("sendall");
  }

  @Test
  void aResetForgetsTheProgressEvenIfItIsDamaged() throws Exception {
    Path file = Files.writeString(folder.resolve(LadderProgress.FILE), "{");
    Cli damaged = learn();
    assertThat(damaged.exitCode()).isEqualTo(2);
    assertThat(damaged.err()).contains(file.toString(), "is damaged", "learn --reset");

    assertThat(learn("--reset", "--language=en").out()).contains("Deleted " + file);
    assertThat(file).doesNotExist();
    assertThat(learn("--reset", "--language=en").out()).contains("nothing was passed yet");
  }

  @ParameterizedTest
  @CsvSource({"java, Server.java", "python, server.py", "go, server.go"})
  void aStarterIsWrittenOnce(String language, String file) throws Exception {
    Path target = folder.resolve("my server");
    Cli cli = learn("--starter", language, "-o", target.toString());

    assertThat(cli.exitCode()).as(cli.err()).isZero();
    assertThat(cli.out())
        .contains(target.resolve(file).toString(), "cd '" + target + "'")
        .contains("./iomodels learn --exec '", "exec ", " {port} {service}'");
    assertThat(target.resolve(file)).isNotEmptyFile();
    assertThat(Files.readString(target.resolve("README.md")))
        .contains("learn --exec", "learn 3")
        .doesNotContain("RUN", "JUDGE", "LEARN", "BUILD");

    Files.writeString(target.resolve(file), "mine");
    Files.delete(target.resolve("README.md"));
    Cli again = learn("--starter", language, "-o", target.toString());
    assertThat(again.exitCode()).isEqualTo(2);
    assertThat(again.err()).contains(file + " exists already; choose another folder");
    assertThat(target.resolve(file)).hasContent("mine");
    assertThat(target.resolve("README.md")).doesNotExist();
  }

  @Test
  void aStarterThatCannotBeCompletedIsNotWrittenAtAll() throws Exception {
    Path readme = folder.resolve("README.md");
    Files.createSymbolicLink(readme, folder.resolve("no-such-folder").resolve("file"));

    assertThat(learn("--starter=go", "-o", folder.toString()).exitCode()).isEqualTo(2);
    assertThat(folder.resolve("server.go")).doesNotExist();

    Files.delete(readme);
    assertThat(learn("--starter=go", "-o", folder.toString()).exitCode()).isZero();
  }

  /** A change of a file cannot add a placeholder: the command ends. */
  @Test
  void aCommandWithoutAPlaceholderIsNotWatched() {
    Cli cli = learn("3", "--watch", "--exec=no-such-command-here {port}");

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains("needs {service} in --exec");
  }

  @Test
  void nothingIsJudgedAfterTheLastStageAndItSaysSo() throws Exception {
    pass(Ladder.stages().stream().map(Stage::name).toArray(String[]::new));
    Cli cli = learn("--exec=no-such-command-here {port}");

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err())
        .contains("nothing was judged", "learn STAGE --exec 'COMMAND {port}' --folder " + folder);
  }

  @ParameterizedTest
  @ValueSource(strings = {"3", "stream", "relay", "http"})
  void aCommandWithoutAPlaceholderIsRefusedBeforeItRuns(String stage) {
    Cli cli = learn(stage, "--exec=no-such-command-here {port}");

    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err())
        .contains("needs {", "in --exec; see: ./iomodels learn ")
        .doesNotContain("not found");
  }
}
