package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.cli.Cli;
import iomodels.cli.SiteCommands;
import iomodels.cli.output.ExitCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Runs one command of each kind from the pages of the study site, for a server of a tutorial. */
@Timeout(300)
class SiteCommandsIT {

  private static final Pattern ANNOUNCED =
      Pattern.compile("tutorial-select serves fixed at 127\\.0\\.0\\.1:(\\d+) .*");

  @Test
  void serveStartsTheServerThatAnswersAConstant() throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--module-path=" + System.getProperty("jdk.module.path"),
                "--module=iomodels.cli/iomodels.cli.Main"));
    command.addAll(List.of(SiteCommands.words("serve tutorial-select", "--port=0")));
    Process server = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (BufferedReader said = server.inputReader()) {
      Matcher announced = ANNOUNCED.matcher(String.valueOf(said.readLine()));
      assertThat(announced.matches()).isTrue();
      int port = Integer.parseInt(announced.group(1));
      try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
        client.getOutputStream().write('?');
        assertThat(client.getInputStream().readNBytes(6)).isEqualTo("dddddd".getBytes());
      }
      server.toHandle().destroy(); // That of the process would close its output here as well.
      assertThat(said.readLine()).startsWith("stopping: ");
      assertThat(server.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      server.destroyForcibly();
    }
  }

  @Test
  void conformJudgesServersForStudyLikeModels() throws IOException {
    Cli cli =
        Cli.run(
            SiteCommands.words("conform tutorial-blocking", "latin-1-upper-casing", "--rule=1.01"));

    assertThat(cli.exitCode()).isEqualTo(ExitCode.NO);
    assertThat(cli.out())
        .contains("tutorial-blocking: it conforms")
        .contains("latin-1-upper-casing: it does not conform");
  }

  @Test
  @Tag("thorough")
  @EnabledOnOs(OS.LINUX)
  void traceRecordsTheServerOfATutorial(@TempDir Path folder) throws IOException {
    String output = "--output=" + folder;
    Cli cli = Cli.run(SiteCommands.words("trace tutorial-select", "--limit=90", output));

    assertThat(cli.err()).isEmpty();
    assertThat(cli.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(folder.resolve("tutorial-select.trace.json")).content().contains("\"dddddd");
  }

  @Test
  @Tag("thorough")
  void compareShowsTheServerOfATutorialBesideAModel() {
    Cli cli = Cli.run("compare", "tutorial-select", "blocking-threads");

    assertThat(cli.exitCode()).isEqualTo(ExitCode.NO);
    assertThat(cli.out())
        .contains("tutorial-select: the conversation failed: byte 0 ")
        .contains("tutorial-select breaks 1.01")
        .containsPattern("blocking-threads +blocking .* 0 +\\d+\n");
  }
}
