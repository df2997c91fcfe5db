package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.cli.Cli;
import iomodels.cli.output.MeasurementFiles;
import iomodels.lab.bench.Nginx;
import iomodels.lab.report.LoadFigures;
import iomodels.program.Programs;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Tests that {@code bench} measures and reports, not the figures. */
@EnabledOnOs(OS.LINUX)
class BenchIT {

  @BeforeEach
  void thereIsACompiler() throws InterruptedException {
    assumeThat(isThere("cc")).as("a C compiler is installed").isTrue();
  }

  private static boolean isThere(String tool) throws InterruptedException {
    try {
      return new ProcessBuilder("sh", "-c", "command -v " + tool).start().waitFor() == 0;
    } catch (IOException _) {
      return false;
    }
  }

  private static Cli bench(String... arguments) {
    Stream<String> brief = Stream.of("--round=50", "--rounds=2", "--warm-up=0", "--no-kit");
    return Cli.run(
        Stream.of(Stream.of("bench"), Stream.of(arguments), brief)
            .flatMap(it -> it)
            .toArray(String[]::new));
  }

  @Test
  void aModelIsMeasuredBesideCAndBesideItsTwin(@TempDir Path folder) throws Exception {
    Path json = folder.resolve("bench.json");
    Path html = folder.resolve("bench.html");
    Cli cli =
        bench("blocking-threads", "c-poll", "--json", json.toString(), "--html", html.toString());

    assertThat(cli.out())
        .contains("ping-50: 64 bytes", "blocking-threads", "c-threads", "c-poll")
        .contains("C compared with a second C of its kind")
        .contains("unjudged: was not judged by the kit (--no-kit), or not by all of its rules. ");
    assertThat(cli.err()).isEmpty();
    assertThat(cli.exitCode()).isZero();
    assertThat(Files.readString(html)).contains("blocking-threads", "echarts");
    assertThat(MeasurementFiles.read(json).scenarios())
        .singleElement()
        .satisfies(
            scenario ->
                assertThat(scenario.servers())
                    .hasSize(2)
                    .allSatisfy(
                        it -> {
                          LoadFigures figures = it.load().orElseThrow();
                          assertThat(figures.toCommon().orElseThrow().cpu()).isPresent();
                          assertThat(figures.toTwin()).isPresent();
                          assertThat(figures.noiseFloor()).isPresent();
                          assertThat(figures.voluntarySwitches()).isPresent();
                          assertThat(figures.littlesLaw()).isPresent();
                          assertThat(figures.latency().curve()).isNotEmpty();
                        }));
  }

  @Test
  void aRunIsComparedWithAnEarlierOne(@TempDir Path folder) throws Exception {
    Path json = folder.resolve("before.json");
    bench("c-poll", "--json", json.toString());
    Cli cli = bench("c-poll", "--baseline", json.toString());

    assertThat(cli.out()).contains("CHANGE", "ping-50", "c-poll");
    assertThat(cli.exitCode()).as("1: a server costs more").isIn(0, 1);
    assertThat(cli.out()).doesNotContain("another machine");

    Path elsewhere = folder.resolve("elsewhere.json");
    Files.writeString(
        elsewhere,
        Files.readString(json).replaceFirst("\"processors\" : \\d+", "\"processors\" : 999"));
    cli = bench("c-poll", "--baseline", elsewhere.toString(), "--json=-");
    assertThat(cli.out()).startsWith("{").doesNotContain("CHANGE");
    assertThat(cli.out().strip()).endsWith("}");
    assertThat(cli.err()).contains("CHANGE", "another machine", "999 × ");

    Path cheap = folder.resolve("cheap.json");
    Files.writeString(
        cheap,
        Files.readString(json)
            .replaceAll(
                "(\"toCommon\" : \\{\\s*\"cpu\" : \\{\\s*\"median\" : )[^,]+(,\\s*\"min\" :"
                    + " )[^,]+(,\\s*\"max\" : )[^}]+",
                "$10.001$20.001$30.001")
            .replaceAll("\"noiseFloor\" : [0-9.E-]+", "\"noiseFloor\" : 0.01"));
    cli = bench("c-poll", "--baseline", cheap.toString());
    assertThat(cli.out()).contains("costs more");
    assertThat(cli.exitCode()).isEqualTo(1);

    Path holes = folder.resolve("holes.json");
    Files.writeString(
        holes, Files.readString(json).replaceFirst("\"servers\" : \\[", "\"servers\" : [ null,"));
    cli = bench("c-poll", "--baseline", holes.toString());
    assertThat(cli.err()).contains("is not what bench or claims write with --json");
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(bench("c-poll", "--baseline", folder.toString()).exitCode()).isEqualTo(2);
  }

  @Test
  void aServerOfOneClientIsGivenOneAndEveryScenarioIsStandardOutputsOwn() {
    Cli cli = bench("c-sequential", "--scenario=ping-50,pipelined-16", "--json", "-");

    assertThat(cli.out())
        .startsWith("{")
        .contains("\"connections\" : 1,", "\"ping-50\"", "\"pipelined-16\"")
        .doesNotContain("SERVER");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void aServerIsMeasuredAfterOtherLoadsOfAsManyConnectionsAsItServes() {
    Cli cli = bench("c-epoll", "c-sequential", "--scenario=shifting", "--json=-");

    assertThat(cli.err()).isEmpty();
    assertThat(cli.out()).contains("\"shifting\"", "\"connections\" : 50,", "\"connections\" : 1,");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void anOpenLoopTellsHowLateTheLoaderWas() {
    Cli cli = bench("c-epoll", "--scenario", "open-loop", "--json", "-");

    assertThat(cli.out()).contains("\"loaderLag99Micros\"", "\"uncorrected\" : {");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void connectionsThatComeAndGoAndDatagramsAreLoadsAsWellForThoseWhoServeThem() {
    Cli cli = bench("linux-epoll", "vertx-rxjava", "c-poll", "--scenario=churn,udp", "--json=-");

    assertThat(cli.out())
        .contains("\"churn\"", "\"udp\"", "\"twin\" : \"c-udp\"")
        .contains("\"unfit\" : \"it does not serve over UDP\"");
    assertThat(cli.exitCode()).as("that is no failure").isZero();
  }

  @Test
  void thoseThatTalkAreMeasuredBesideThoseThatDoNot() {
    Cli cli = bench("c-epoll", "c-select", "--scenario=mostly-idle");

    assertThat(cli.out())
        .contains("c-select is left out: it serves at most 1,000 clients at a time");
    assertThat(cli.out()).doesNotContain("c-epoll failed", "c-epoll is left out");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void whereNobodyIsFitThereIsNothing() {
    Cli cli = bench("c-select", "--scenario=mostly-idle");

    assertThat(cli.exitCode()).isEqualTo(2);
  }

  @Test
  void idleConnectionsAreWeighed() {
    Cli cli = bench("nio-selector", "example-netty", "--scenario=idle", "--connections=200");

    assertThat(cli.out()).contains("OUTSIDE HEAP", "nio-selector ", "example-netty");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void aRelayIsMeasuredBesideTheOneInC() {
    Cli cli = bench("nio-selector", "c-relay", "--program=relay", "--json=-");

    assertThat(cli.err()).isEmpty();
    assertThat(cli.out())
        .contains("\"name\" : \"relay\"", "\"name\" : \"nio-selector\"", "\"name\" : \"c-relay\"")
        .contains("\"toCommon\" : {", "\"noiseFloor\" : ", "\"littlesLaw\" : {");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void aRoomIsLoaded() {
    assumeThat(StyleProvider.named("virtual-threads")).as("the style exists").isPresent();
    assertThatRoomsAreLoaded(bench("virtual-threads", "--program=chat"));
  }

  @Tag("thorough")
  @Test
  void aRoomIsLoadedInEveryStyleThatHasOne() {
    assumeThat(StyleProvider.installed())
        .as("a style has the program")
        .anyMatch(it -> it.page(Programs.CHAT).isPresent());
    assertThatRoomsAreLoaded(bench("--program=chat"));
  }

  private static void assertThatRoomsAreLoaded(Cli cli) {
    assertThat(cli.out()).contains("chat: a room of 1,000", "CPU/MSG").doesNotContain("failed");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void httpIsMeasuredBesideNginx() {
    Cli cli = bench("nio-selector", "--program=http", "--json=-");

    assertThat(cli.out()).contains("\"name\" : \"http-50\"", "\"name\" : \"nio-selector\"");
    if (Nginx.isInstalled()) {
      assertThat(cli.err()).isEmpty();
      assertThat(cli.out()).contains("\"toCommon\" : {", "\"noiseFloor\" : ", "\"littlesLaw\" : {");
    } else {
      assertThat(cli.err())
          .contains("there is no server to compare with: nginx is not installed (Debian: nginx");
      assertThat(cli.out()).doesNotContain("\"toCommon\" : {");
    }
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void nginxIsComparedWithItselfAndServesNothingElse() {
    Cli cli = bench("nginx", "--program=http", "--scenario=http-50,http-upper");

    if (Nginx.isInstalled()) {
      assertThat(cli.out())
          .contains("nginx compared with a second nginx, in the same turns")
          .contains("nginx is left out: it serves GET /hello only");
      assertThat(cli.exitCode()).isZero();
    } else {
      assertThat(cli.err()).contains("nginx is not installed");
      assertThat(cli.exitCode()).isEqualTo(2);
    }
  }

  @Tag("thorough")
  @Test
  void nginxIsNotNeededWhereNothingIsComparedWithIt() {
    Cli cli = bench("nio-selector", "--program=http", "--scenario=http-upper");

    assertThat(cli.err()).isEmpty();
    assertThat(cli.exitCode()).isZero();
  }

  @Tag("thorough")
  @Test
  void httpIsMeasuredInEveryStyleAndScenario() {
    Cli cli = bench("--program=http", "--all-scenarios", "--connections=100");

    assertThat(cli.out())
        .contains("http-50: ", "http-pipelined-16: ", "http-upper: ", "http-ticker: ")
        .contains("BYTES/CLIENT", "LATE p50 ms")
        .doesNotContain("failed");
    assertThat(cli.exitCode()).isZero();
  }

  @Tag("thorough")
  @Test
  void anExampleOfHttpIsMeasuredBesideAStyle() {
    Cli cli = bench("vertx", "example-vertx", "example-jdk", "--program=http");

    assertThat(cli.out()).contains("vertx ", "example-vertx ", "example-jdk ");
    assertThat(cli.out()).doesNotContain("failed");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void systemCallsAreCounted() throws InterruptedException {
    assumeThat(isThere("strace")).as("strace is installed").isTrue();
    Cli cli = bench("c-epoll", "--scenario=syscalls");
    assumeThat(cli.out()).as("strace may trace").doesNotContain("cannot trace");

    assertThat(cli.out()).contains("recvfrom 1.", "sendto 1.", "epoll_wait 0.");
    assertThat(cli.exitCode()).isZero();
  }
}
