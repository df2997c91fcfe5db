package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.cli.Cli;
import iomodels.cli.output.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

@Isolated("it sets a system property")
class StudyCommandTest {

  @TempDir private Path home;

  @BeforeEach
  void build() throws IOException {
    System.setProperty("iomodels.home", home.toString());
  }

  @AfterEach
  void restore() {
    System.clearProperty("iomodels.home");
  }

  @Test
  void aPageIsFoundByItsNameOrItsModels() throws IOException {
    page("index.html");
    page("timeline.html");
    page("zh/models/vertx.html");
    page("models/vertx.html");
    page("code/vertx.js");
    page("rules.html");
    page("code/python.with_select.js");
    assertThat(study()).isEqualTo(address("index.html"));
    assertThat(study("timeline")).isEqualTo(address("timeline.html"));
    assertThat(study("vertx")).isEqualTo(address("models/vertx.html"));
    assertThat(study("--zh", "vertx")).isEqualTo(address("zh/models/vertx.html"));
    assertThat(study("banner")).isEqualTo(address("rules.html") + "#banner");
    assertThat(study("vertx", "python:with_select"))
        .isEqualTo(address("side-by-side.html") + "#vertx,python:with_select");
  }

  @Test
  void whatIsNotThereIsSaid() throws IOException {
    assertThat(Cli.run("study", "--print").err()).contains("there is no site", "mvn package");
    page("index.html");
    Cli unknown = Cli.run("study", "--print", "nothing");
    assertThat(unknown.exitCode()).isEqualTo(ExitCode.UNUSABLE);
    assertThat(unknown.err()).contains("no page for 'nothing'", "iomodels list");
    page("code/python.with_select.js");
    assertThat(Cli.run("study", "--print", "tutorial-selekt").err())
        .contains("did you mean 'tutorial-select'?");
    assertThat(Cli.run("study", "--print", "vertx", "python:with_selekt").err())
        .contains("no column for 'vertx'");
    page("code/vertx.js");
    assertThat(Cli.run("study", "--print", "vertx", "python:with_selekt").err())
        .contains("did you mean 'python:with_select'?");
    assertThat(Cli.run("study", "--print", "a", "b", "c", "d", "e", "f").err())
        .contains("no more than 5");
  }

  @Test
  void aWrongServerHasNoColumnAndIsNotSuggestedForOne() throws IOException {
    page("index.html");
    page("code/vertx.js");
    Cli wrong = Cli.run("study", "--print", "banner", "vertx");
    assertThat(wrong.exitCode()).isEqualTo(ExitCode.UNUSABLE);
    assertThat(wrong.err())
        .contains("'banner' has no column", "iomodels study banner")
        .doesNotContain("did you mean");
    assertThat(Cli.run("study", "--print", "vertx", "bannr").err())
        .contains("no column for 'bannr'")
        .doesNotContain("did you mean");
  }

  @Test
  void anArchiveHasNoSiteAndSaysWhereThereIsOne() {
    System.setProperty("iomodels.home", "");
    Cli study = Cli.run("study", "--print");
    assertThat(study.exitCode()).isEqualTo(ExitCode.UNUSABLE);
    assertThat(study.err()).contains("run ./iomodels study in a clone").hasLineCount(1);
  }

  private String study(String... arguments) {
    String[] all = new String[arguments.length + 2];
    all[0] = "study";
    all[1] = "--print";
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    Cli result = Cli.run(all);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    return result.out().strip();
  }

  private String address(String page) {
    return site().resolve(page).toUri().toString();
  }

  private Path site() {
    return home.resolve("site/target/site");
  }

  private void page(String path) throws IOException {
    Path file = site().resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "");
  }
}
