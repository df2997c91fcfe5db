package iomodels.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Commands at a terminal, which script(1) provides. */
@EnabledOnOs(OS.LINUX)
class TerminalIT {

  private static final String COLOUR = "\u001b\\[[0-9;?]*[a-zA-Z]";

  @TempDir private Path folder;

  @BeforeAll
  static void demandScript() throws Exception {
    assumeThat(new ProcessBuilder("sh", "-c", "command -v script").start().waitFor())
        .as("script is installed")
        .isZero();
  }

  /** Runs a command, and returns the text that it shows, without colours. */
  private String run(int width, String arguments) throws IOException, InterruptedException {
    return written(width, arguments).replaceAll(COLOUR, "").replace("\r", "");
  }

  /** Runs a command at a terminal of this width, and returns all that it writes there. */
  private String written(int width, String arguments) throws IOException, InterruptedException {
    Path typescript = folder.resolve("typescript");
    String command =
        "stty cols %d; exec '%s' --module-path '%s' --module iomodels.cli/iomodels.cli.Main %s"
            .formatted(
                width,
                Path.of(System.getProperty("java.home"), "bin", "java"),
                System.getProperty("jdk.module.path"),
                arguments);
    ProcessBuilder builder =
        new ProcessBuilder("script", "-qec", command, typescript.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("LC_ALL", "C.UTF-8"); // The hint has the language of messages.
    builder.environment().put("TERM", "xterm"); // A terminal that can do everything.
    Process script = builder.start();
    try {
      assertThat(script.waitFor(60, TimeUnit.SECONDS)).as("the command ends").isTrue();
      return Files.readString(typescript);
    } finally {
      script.descendants().forEach(ProcessHandle::destroyForcibly);
      script.destroyForcibly();
    }
  }

  /** The lines of the typescript, without the first and the last, which script itself writes. */
  private static String withoutFrame(String shown) {
    return shown.lines().filter(it -> !it.startsWith("Script ")).reduce("", (a, b) -> a + b + "\n");
  }

  @Test
  void aTableFitsIntoEightyColumns() throws Exception {
    String shown = withoutFrame(run(80, "list"));

    assertThat(shown)
        .contains("nio-selector", "WAITS IN", "Add --wide for: NOTIFICATION, COPIES IN")
        .doesNotContain("NOTIFICATION  ");
    assertThat(shown.lines()).allMatch(it -> it.length() <= 80);
  }

  @Test
  void aWideTerminalAndTheOptionShowAllColumns() throws Exception {
    String all = Cli.run("list").out();

    assertThat(all).contains("IN PYTHON");
    assertThat(withoutFrame(run(300, "list"))).contains(all);
    assertThat(withoutFrame(run(80, "list --wide"))).contains(all);
  }

  /** The bar is drawn in the line of the cursor only: the lines above it are findings. */
  @Test
  void theProgressBarSparesWhatIsPrintedBesideIt() throws Exception {
    assertThat(written(80, "conform --wrong banner --wrong aborts-at-the-end"))
        .contains("100%", "banner: ", "4.06 ")
        .doesNotContain("\u001b[1A");
  }

  @Test
  void connectSaysOnceHowToLeave() throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  listener.accept().close();
                } catch (IOException _) {
                  // The test is over.
                }
              });

      assertThat(run(80, "connect " + listener.getLocalPort()))
          .containsOnlyOnce("Press Ctrl-D to leave.");
    }
  }
}
