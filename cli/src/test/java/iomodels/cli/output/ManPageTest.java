package iomodels.cli.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

class ManPageTest {

  private static final Path GROFF = Path.of("/usr/bin/groff");

  @Command(name = "tool", description = "Has tools.", subcommands = Saw.class)
  private static final class Tool {}

  @Command(
      name = "saw",
      description = {"Saw wood. Nothing else.", "'Wet' wood \\ too, …"},
      footer = {"", "It is loud.", "  tool saw --fast oak", "", "Exit code: 0 sawn, 1 not."})
  private static final class Saw {

    @Parameters(paramLabel = "WOOD", description = "Kind of wood.")
    private String wood = "";

    @Option(
        names = {"-s", "--speed"},
        paramLabel = "N",
        defaultValue = "3",
        description = "Speed (default: ${DEFAULT-VALUE}).")
    private int speed;

    @Option(names = "--fast", description = "Hurry.")
    private boolean fast;

    @Option(names = "--secret", hidden = true, description = "Hidden.")
    private boolean secret;
  }

  private static ManPage saw() {
    return new ManPage(new CommandLine(new Tool()).getSubcommands().get("saw"));
  }

  @Test
  void thePageHasTheUsualSections() {
    assertThat(saw().name()).isEqualTo("tool-saw");
    assertThat(saw().text())
        .startsWith(".TH TOOL\\-SAW 1\n.SH NAME\ntool\\-saw \\- Saw wood\n.SH SYNOPSIS\n")
        .contains(
            ".SH DESCRIPTION\n"
                + ".PP\n"
                + "Saw wood. Nothing else.\n"
                + ".PP\n"
                + "\\&'Wet' wood \\e too, \\[u2026]\n"
                + ".PP\n"
                + "It is loud.\n")
        .contains(".SH ARGUMENTS\n.TP\n.B WOOD\nKind of wood.\n")
        .contains(".TP\n.B \\-s, \\-\\-speed N\nSpeed (default: 3).\n.TP\n.B \\-\\-fast\nHurry.\n")
        .contains(".SH EXAMPLES\n.PP\n.nf\n  tool saw \\-\\-fast oak\n.fi\n")
        .contains(".SH EXIT STATUS\n.PP\nExit code: 0 sawn, 1 not.\n")
        .endsWith(".SH SEE ALSO\ntool(1)\n")
        .doesNotContain("secret", "Hidden");
  }

  @Test
  void thePageOfTheWholeListsItsCommands() {
    assertThat(new ManPage(new CommandLine(new Tool())).text())
        .contains(".SH COMMANDS\n.TP\n.B tool\\-saw(1)\nSaw wood. Nothing else.\n");
  }

  @Test
  void groffHasNothingToComplainOf(@TempDir Path folder) throws Exception {
    assumeThat(GROFF).exists();
    Path page = Files.writeString(folder.resolve("saw.1"), saw().text());
    Process groff =
        new ProcessBuilder(
                List.of(GROFF.toString(), "-man", "-ww", "-Tutf8", "-z", page.toString()))
            .redirectErrorStream(true)
            .start();
    assertThat(new String(groff.getInputStream().readAllBytes())).isEmpty();
    assertThat(groff.waitFor()).isZero();
  }
}
