package iomodels.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.cli.output.ExitCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests the archive of the profile {@code dist} as a user has it: unpacked, in an environment
 * without Java, whose PATH has nothing but a shell, what the script calls, and Python.
 */
@Tag("thorough")
@Timeout(600)
class ArchiveIT {

  private static final List<String> PROGRAMS = List.of("sh", "readlink", "dirname", "mv");
  private static final Path PYTHON = Path.of("/usr/bin/python3");
  private static final String NOBODY = "65534";

  /** Answers in upper case until the client ends: the first server of many a tutorial. */
  private static final String SERVER =
      """
      import socket, sys

      with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
          while True:
              client, _ = listener.accept()
              with client:
                  while data := client.recv(4096):
                      client.sendall(data.upper())
      """;

  /** A step of a workflow that runs a command. */
  private static final Pattern RUN = Pattern.compile("(?m)^ *- run: (.*)$");

  private static final Pattern PORT = Pattern.compile(" at 127\\.0\\.0\\.1:(\\d+) ");

  @TempDir private static Path folder;
  private static Path packed = Path.of("");
  private static Path archive = Path.of("");

  private record Run(int exitCode, String out) {}

  @BeforeAll
  static void unpack() throws Exception {
    // Another user reads the folder in one of the tests.
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    packed = only(Path.of("target").toAbsolutePath(), "iomodels-*.tar.gz");
    Process tar =
        new ProcessBuilder("tar", "-xzf", packed.toString(), "-C", folder.toString())
            .inheritIO()
            .start();
    assertThat(tar.waitFor()).isZero();
    archive = only(folder, "iomodels-*");
    Path bin = Files.createDirectory(folder.resolve("bin"));
    for (String program : PROGRAMS) {
      Files.createSymbolicLink(bin.resolve(program), Path.of("/bin", program));
    }
    if (Files.exists(PYTHON)) {
      Files.createSymbolicLink(bin.resolve("python3"), PYTHON);
    }
    Files.writeString(folder.resolve("server.py"), SERVER);
  }

  private static Path only(Path where, String glob) throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(where, glob)) {
      List<Path> all = new ArrayList<>();
      found.forEach(all::add);
      assertThat(all).as(glob + " in " + where.toAbsolutePath()).hasSize(1);
      return all.getFirst();
    }
  }

  private static ProcessBuilder iomodels(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(archive.resolve("bin/iomodels").toString());
    command.addAll(List.of(arguments));
    return inEmptyEnvironment(command);
  }

  private static ProcessBuilder inEmptyEnvironment(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", folder.resolve("bin").toString());
    return builder.redirectErrorStream(true);
  }

  private static Run run(String... arguments) throws Exception {
    return run(iomodels(arguments));
  }

  private static Run run(ProcessBuilder builder) throws Exception {
    Process process = builder.start();
    try {
      process.getOutputStream().close();
      String out = new String(process.getInputStream().readAllBytes());
      return new Run(process.waitFor(), out);
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aServerInPythonIsJudged() throws Exception {
    assumeThat(PYTHON).exists();
    String exec = "exec python3 server.py {port}";
    Path report = folder.resolve("report.xml");

    Run kept = run("conform", "--exec", exec, "--rule", "1.01", "--junit", report.toString());
    assertThat(kept.exitCode()).as(kept.out()).isEqualTo(ExitCode.OK);
    assertThat(kept.out())
        .contains("kept     1.01", "it conforms")
        .doesNotContainIgnoringCase("build");
    assertThat(report).content().contains("<testsuite");

    Run broken = run("conform", "--exec", exec, "--rule", "9.03");
    assertThat(broken.exitCode()).as(broken.out()).isEqualTo(ExitCode.NO);
    assertThat(broken.out()).contains("again: iomodels conform --exec '" + exec + "' --rule 9.03");

    assertThat(run("conform", "--exec", "exec python3 none.py {port}").exitCode())
        .isEqualTo(ExitCode.UNUSABLE);
  }

  /** Without sources, the pages are named by their classes. */
  @Test
  void theLadderIsClimbed() throws Exception {
    assumeThat(PYTHON).exists();
    assertThat(run("learn", "--starter", "python", "-o", "mine").exitCode()).isZero();

    Run run = run("learn", "1", "--exec", "exec python3 mine/server.py {port} {service}");

    assertThat(run.exitCode()).as(run.out()).isEqualTo(ExitCode.OK);
    assertThat(run.out())
        .contains("Stage 1 is passed.", "ThreadPerConnectionServer, region converse")
        .doesNotContain(".java");
    assertThat(run("learn").out()).contains("1 of 12 stages are passed", "iomodels learn");
  }

  /** The commands of docs/ci.md, with an address of this archive and by one rule. */
  @Test
  void theWorkflowOfTheDocumentFetchesItAndJudges() throws Exception {
    List<String> steps =
        RUN.matcher(Files.readString(Path.of("../docs/ci.md")))
            .results()
            .map(step -> step.group(1))
            .toList();
    assertThat(steps).hasSize(2);
    Path checkout = Files.createDirectory(folder.resolve("checkout"));
    Files.writeString(checkout.resolve("my_server.py"), SERVER);

    for (String step : List.of(steps.getFirst(), steps.getLast() + " --rule 1.01")) {
      ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", step);
      builder.directory(checkout.toFile()).redirectErrorStream(true);
      builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
      builder.environment().put("ARCHIVE", packed.toUri().toString());
      Run run = run(builder);
      assertThat(run.exitCode()).as(run.out()).isZero();
    }
    assertThat(checkout.resolve("conform.xml")).content().contains("1.01");
  }

  /** Starts JVMs from the runtime, with caches in the folder, and counts objects with jcmd. */
  @Test
  void modelsAreJudged() throws Exception {
    Run run =
        run(
            "conform",
            "nio-selector",
            "vertx",
            "blocking-prefork",
            "--rule",
            "1.01",
            "--rule",
            "7");
    assertThat(run.exitCode()).as(run.out()).isEqualTo(ExitCode.OK);
    assertThat(archive.resolve("caches")).isDirectoryContaining("glob:**.aot");
  }

  @Test
  void aServerAndAClientTalk() throws Exception {
    Process server = iomodels("serve", "vertx", "--port", "0").start();
    try (BufferedReader said = server.inputReader()) {
      Matcher port = PORT.matcher(String.valueOf(said.readLine()));
      assertThat(port.find()).isTrue();
      Process client = iomodels("connect", "127.0.0.1", port.group(1)).start();
      try {
        client.getOutputStream().write("over there\n".getBytes());
        client.getOutputStream().close();
        assertThat(client.inputReader().lines()).containsExactly("OVER THERE");
        assertThat(client.waitFor()).isZero();
      } finally {
        client.destroyForcibly();
      }
      server.toHandle().destroy();
      assertThat(said.readLine()).startsWith("stopping: ");
      assertThat(server.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(server.exitValue()).isEqualTo(143);
    } finally {
      server.destroyForcibly();
    }
  }

  @Test
  void whatNeedsTheSourcesSaysSo() throws Exception {
    for (Run run :
        List.of(run("study"), run("new", "mine"), run("new", "mine", "--outside", "mine"))) {
      assertThat(run.exitCode()).isEqualTo(ExitCode.UNUSABLE);
      assertThat(run.out()).contains("in a clone of the project").hasLineCount(1);
    }
  }

  /** As in a container, or in a folder of an administrator. */
  @Test
  void aFolderThatCannotBeWrittenIsNoHindrance() throws Exception {
    assumeThat(System.getProperty("user.name"))
        .as("a user who can become another")
        .isEqualTo("root");
    List<String> asNobody =
        List.of("/usr/bin/setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups");
    List<String> command = new ArrayList<>(asNobody);
    command.addAll(
        List.of(
            archive.resolve("bin/iomodels").toString(), "conform", "nio-selector", "--rule", "1"));
    Run run = run(inEmptyEnvironment(command));
    assertThat(run.exitCode()).as(run.out()).isEqualTo(ExitCode.OK);
  }

  @Test
  void itBringsPagesOfTheManualAndACompletion() throws Exception {
    Path pages = archive.resolve("share/man/man1");
    String whole = Files.readString(pages.resolve("iomodels.1"));
    try (Stream<Path> files = Files.list(pages)) {
      assertThat(files.map(it -> it.getFileName().toString().replace(".1", "").replace("-", "\\-")))
          .contains("iomodels\\-conform")
          .allMatch(whole::contains);
    }
    assertThat(completed("conform", "--fail")).isEqualTo("--fail-fast");
    assertThat(completed("serve", "nio-sel")).isEqualTo("nio-selector");
  }

  /** What bash makes of an incomplete command line. */
  private static String completed(String... words) throws Exception {
    String script =
        """
        . share/bash-completion/completions/iomodels
        COMP_WORDS=(iomodels %s)
        COMP_CWORD=%d
        _complete_iomodels 2>/dev/null
        echo "${COMPREPLY[@]}"
        """
            .formatted(String.join(" ", words), words.length);
    Process bash =
        new ProcessBuilder("/bin/bash", "-c", script)
            .directory(archive.toFile())
            .redirectErrorStream(true)
            .start();
    String reply = new String(bash.getInputStream().readAllBytes());
    assertThat(bash.waitFor()).as(reply).isZero();
    return reply.strip();
  }
}
