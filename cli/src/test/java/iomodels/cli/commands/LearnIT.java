package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.cli.Cli;
import iomodels.cli.learn.Invocation;
import iomodels.cli.learn.LadderProgress;
import iomodels.cli.learn.Starter;
import iomodels.wrong.ladder.Ladder;
import iomodels.wrong.ladder.Stage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** Tests that {@code learn} judges servers by the rules of its stages. */
class LearnIT {

  private static final String THIS_PROGRAM =
      "exec '%s' --enable-native-access=iomodels.linux,io.netty.common --module-path '%s' --module"
              .formatted(
                  Path.of(System.getProperty("java.home"), "bin", "java"),
                  System.getProperty("jdk.module.path"))
          + " iomodels.cli/iomodels.cli.Main ";

  @TempDir private Path folder;

  private Cli learn(String... arguments) {
    List<String> all = new ArrayList<>(List.of("learn", "--language=en", "--folder=" + folder));
    all.addAll(List.of(arguments));
    return Cli.run(all.toArray(String[]::new));
  }

  private static void assumeInstalled(String program) throws Exception {
    assumeThat(new ProcessBuilder("sh", "-c", "command -v " + program).start().waitFor())
        .as(program + " is installed")
        .isZero();
  }

  private String starter(String language, String command) {
    assertThat(learn("--starter", language, "-o", folder.toString()).exitCode()).isZero();
    return "cd '%s' && %s".formatted(folder, command);
  }

  private boolean hasPassed(String stage) throws Exception {
    return new LadderProgress(new Invocation(folder)).hasPassed(Ladder.named(stage).orElseThrow());
  }

  @Test
  void thePythonStarterClimbsToTheThirdStage() throws Exception {
    assumeInstalled("python3");
    climbsToTheThirdStage(starter("python", "exec python3 server.py {port} {service}"));
  }

  @Test
  @Tag("thorough")
  void theJavaStarterClimbsToTheThirdStage() throws Exception {
    climbsToTheThirdStage(
        starter(
            "java",
            "exec '%s' Server.java {port} {service}"
                .formatted(Path.of(System.getProperty("java.home"), "bin", "java"))));
  }

  @Test
  @Tag("thorough")
  void theGoStarterClimbsToTheThirdStage() throws Exception {
    assumeInstalled("go");
    climbsToTheThirdStage(starter("go", Starter.GO.command()));
  }

  private void climbsToTheThirdStage(String command) throws Exception {
    Cli cli = learn("--exec", command);

    assertThat(cli.out())
        .contains("Stage 1 is passed.", "Explanation", "ThreadPerConnectionServer, region converse")
        .contains("Stage 2 is passed.", "kept     2.05 2.06")
        .contains("Stage 3 of 12: A stream has no messages", "broken   3.01 ", "| ")
        .contains("again: ./iomodels conform --exec ", " --service lines --rule 3.01 --seed ")
        .contains("Stage 3 is not passed: ", "A hint: ./iomodels learn stream --hint")
        .doesNotContain("Stage 4 of 12");
    assertThat(cli.exitCode()).isEqualTo(1);
    assertThat(hasPassed("partial-writes")).isTrue();
    assertThat(hasPassed("stream")).isFalse();
  }

  /** The kit tries no rule on it: the reason is the verdict. */
  @Test
  void aServerOfAnotherKindDoesNotPass() throws Exception {
    assumeInstalled("python3");
    String echo = "import socket,sys; s=socket.create_server((\"127.0.0.1\",int(sys.argv[1])))\n";
    Path script =
        Files.writeString(
            folder.resolve("echo.py"),
            echo
                + "while True:\n"
                + "  c,_=s.accept()\n"
                + "  while d:=c.recv(99): c.sendall(d)\n"
                + "  c.close()");
    Path file = folder.resolve("verdicts.json");
    Cli cli = learn("1", "--json=" + file, "--exec=exec python3 %s {port}".formatted(script));

    assertThat(cli.exitCode()).isEqualTo(1);
    assertThat(cli.out())
        .contains("Stage 1 is not passed: the server does not serve upper: it echoes");
    assertThat(JsonMapper.shared().readTree(file).get(0).path("verdict").asString())
        .isEqualTo("BROKEN");
    assertThat(hasPassed("echo")).isFalse();
  }

  /** The server is wrong first, and mended while the command watches; then the ladder ends. */
  @Test
  void aChangeIsJudgedAgain() throws Exception {
    assumeInstalled("python3");
    String command = starter("python", "exec python3 server.py {port} {service}");
    LadderProgress progress = new LadderProgress(new Invocation(folder));
    for (Stage stage : Ladder.stages().subList(1, Ladder.stages().size())) {
      progress.pass(stage, command);
    }
    Path server = folder.resolve("server.py");
    Path started = folder.resolve(".started");
    String right = Files.readString(server);
    String wrong = right.replace("data.translate(TABLE)", "data.upper() + b'!'");
    Files.writeString(server, wrong.replace("import sys\n", "import sys; open('.started', 'w')\n"));
    CompletableFuture<Cli> watching =
        CompletableFuture.supplyAsync(() -> learn("--watch", "--exec", command));
    await(() -> Files.exists(started));

    Files.writeString(server, right);

    Cli cli = watching.get(180, TimeUnit.SECONDS);
    assertThat(cli.out())
        .containsSubsequence(
            "broken   1.01",
            "Stage 1 is not passed: ",
            "Waiting for changes in " + folder,
            "Changed: server.py",
            "Stage 1 is passed.",
            "All 12 stages are passed.");
    assertThat(cli.exitCode()).isZero();
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - deadline).isNegative();
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  @Test
  void theWrongServerOfTheFirstStageFails() {
    demandFailure(Ladder.stages().getFirst());
  }

  @ParameterizedTest
  @Tag("thorough")
  @MethodSource("stages")
  void everyWrongServerFails(Stage stage) {
    demandFailure(stage);
  }

  static Stream<Stage> stages() {
    return Ladder.stages().stream();
  }

  private static void demandFailure(Stage stage) {
    Cli cli = Cli.run(stage.failing().split(" ", -1));

    assertThat(cli.exitCode()).as(cli.out()).isEqualTo(1);
    assertThat(stage.rules()).anyMatch(it -> cli.out().contains("broken   " + it));
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(
      strings = {"blocking-threads", "nio-selector", "linux-epoll", "vertx", "reactor-netty"})
  void ourModelsPassAllStagesForServers(String model) {
    String serve = THIS_PROGRAM + "serve %s --port {port} --service {service}".formatted(model);
    demandPassed(serve, Ladder.stages().stream().filter(it -> !it.name().equals("datagrams")));
    demandPassed(serve + " --udp", Ladder.named("datagrams").stream());
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(
      strings = {"virtual-threads", "nio-selector", "vertx", "vertx-rxjava", "reactor-netty"})
  void ourStylesPassTheStagesForPrograms(String style) {
    String serve = THIS_PROGRAM + "serve %s --port {port} --program ".formatted(style);
    for (String arguments :
        List.of("relay --upstream 127.0.0.1:{upstreams}", "http --folder {folder}")) {
      Stage stage = Ladder.named(arguments.substring(0, arguments.indexOf(' '))).orElseThrow();
      Cli cli = learn(stage.name(), "--exec", serve + arguments);
      assertThat(cli.exitCode()).as(cli.out() + cli.err()).isZero();
    }
  }

  private void demandPassed(String command, Stream<Stage> stages) {
    stages
        .filter(it -> it.program().isEmpty())
        .forEach(
            stage -> {
              Cli cli = learn(stage.name(), "--exec", command);
              assertThat(cli.exitCode()).as(cli.out() + cli.err()).isZero();
            });
  }
}
