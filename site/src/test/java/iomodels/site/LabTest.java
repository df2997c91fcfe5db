package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.lab.report.Caveat;
import iomodels.lab.report.Machine;
import iomodels.lab.report.Measurements;
import iomodels.lab.report.ScenarioResult;
import iomodels.lab.report.ServerResult;
import iomodels.lab.report.ServerResult.IdlePoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class LabTest {

  private static Lab idle(Caveat... caveats) {
    List<IdlePoint> points =
        List.of(
            new IdlePoint(0, 0, 0),
            new IdlePoint(1_000, 900_000, 100_000),
            new IdlePoint(11_000, 5_900_000, 2_100_000));
    ServerResult server =
        new ServerResult(
            "vertx",
            "vertx on epoll",
            "epoll",
            Optional.empty(),
            Optional.of(points),
            Optional.empty(),
            List.of(caveats),
            "",
            "");
    return new Lab(
        new Measurements(
            new Machine("iomodels bench", "2026-11-01T00:00:00Z", "25", "Linux", "a", 2, ""),
            List.of(new ScenarioResult("idle", "words", 0, 0, List.of(), List.of(server))),
            List.of()));
  }

  @Test
  void theCostOfAConnectionExcludesTheServersFixedMemory() {
    assertThat(idle().shown("vertx", "idle", "idle")).isEqualTo("700");
  }

  @Test
  void aMissingFigureIsADash() {
    assertThat(idle().shown("vertx", "ping-50", "cpu")).isEqualTo("–");
    assertThat(idle().shown("vertx", "idle", "msgs")).isEqualTo("–");
    assertThat(idle().loads()).isEmpty();
  }

  @Test
  void anUnknownFigureIsAnError() {
    assertThatThrownBy(() -> idle().shown("vertx", "idle", "speed"))
        .hasMessage("unknown figure 'speed'");
  }

  @Test
  void aFigureWithACaveatIsNotClean() {
    assertThat(idle().isClean("vertx", "idle")).isTrue();
    assertThat(idle(Caveat.WITHIN_NOISE).isClean("vertx", "idle")).isFalse();
    assertThat(idle().isClean("vertx", "ping-50")).isFalse();
  }

  @Test
  void readsTheReportOfTheLab(@TempDir Path folder) throws IOException {
    Path json = folder.resolve("lab.json");
    Files.writeString(json, new JsonMapper().writeValueAsString(idle().measurements()));
    assertThat(Recorded.read(folder).lab()).contains(idle());

    Files.writeString(json, "{\"machine\": 7}");
    Recorded recorded = Recorded.read(folder);
    assertThat(recorded.lab()).isEmpty();
    assertThat(recorded.problems()).anySatisfy(it -> assertThat(it).contains("lab.json is not"));
  }
}
