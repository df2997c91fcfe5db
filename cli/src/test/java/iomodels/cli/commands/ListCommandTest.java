package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.cli.Cli;
import iomodels.conformance.rules.Rules;
import iomodels.program.Programs;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ListCommandTest {

  @Test
  void showsEveryModelWithItsCard() {
    Cli cli = Cli.run("list");

    assertThat(cli.exitCode()).isZero();
    assertThat(cli.out().lines()).hasSize(1 + ServerProvider.installed().size());
    for (ServerProvider model : ServerProvider.installed()) {
      assertThat(cli.out())
          .contains(model.card().name(), model.card().waitsIn(), model.card().pythonCounterpart());
    }
    assertThat(cli.out()).doesNotContain("\u001B");
  }

  @Test
  void probesEveryModelAndTransport() {
    Cli cli = Cli.run("list", "--probe");

    assertThat(cli.exitCode()).isZero();
    for (ServerProvider model : ServerProvider.installed()) {
      assertThat(cli.out()).contains(model.card().name());
      model.transports().keySet().forEach(it -> assertThat(cli.out()).contains(it + ": "));
    }
  }

  @Test
  void isReadableForMachines() {
    JsonNode models = JsonMapper.shared().readTree(Cli.run("list", "--json").out());

    assertThat(models.size()).isEqualTo(ServerProvider.installed().size());
    assertThat(models.get(0).get("card").get("name").asString()).isEqualTo("blocking-pool");
  }

  @Test
  void listsAWrongServerForEveryRule() {
    String out = Cli.run("list", "--wrong").out();

    Rules.all().forEach(rule -> assertThat(out).contains(" " + rule.id() + " "));
  }

  @Test
  void listsEveryProgramInEveryStyle() {
    Cli cli = Cli.run("list", "--programs");

    assertThat(cli.exitCode()).isZero();
    Programs.all().forEach(it -> assertThat(cli.out()).contains(it.name(), it.sentence()));
    for (StyleProvider style : StyleProvider.installed()) {
      assertThat(cli.out()).contains(style.style(), style.summary());
      for (StyleProvider.Page page : style.pages()) {
        assertThat(cli.out()).contains(page.threads(), page.source().getSimpleName());
      }
    }
  }

  @Test
  void programsAreReadableForMachines() {
    JsonNode json = JsonMapper.shared().readTree(Cli.run("list", "--programs", "--json").out());

    assertThat(json.get("programs").get(0).get("name").asString()).isEqualTo("relay");
    assertThat(json.get("styles").size()).isEqualTo(StyleProvider.installed().size());
    assertThat(json.get("styles").get(0).get("pages").get(0).get("source").asString())
        .startsWith("iomodels.");
  }
}
