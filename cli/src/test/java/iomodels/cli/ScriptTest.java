package iomodels.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the script {@code iomodels}; a stub instead of Java records how it was started. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
class ScriptTest {

  private static final String STUB =
      """
      #!/bin/sh
      in=$(readlink /proc/$$/fd/0 || echo closed)
      out=$(readlink /proc/$$/fd/1 || echo closed)
      err=$(readlink /proc/$$/fd/2 || echo closed)
      printf '%s\\n' "$in" "$out" "$err" >"$SEEN"
      echo "java $*" >>"$SEEN"
      echo "LC_ALL=${LC_ALL-} LC_CTYPE=${LC_CTYPE-} LC_MESSAGES=${LC_MESSAGES-} LANG=${LANG-}" >>"$SEEN"
      """;

  @TempDir private Path folder;
  private Path seen;
  private Path root;

  private record Run(int exitCode, String err) {}

  @BeforeEach
  void makeAClone() throws IOException {
    seen = folder.resolve("seen");
    root = clone("clone");
    Path jdk = folder.resolve("jdk");
    program(jdk.resolve("bin/java"), STUB);
    program(jdk.resolve("bin/javac"), STUB);
    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"99.0.1\"\n");
  }

  private Path clone(String name) throws IOException {
    Path clone = folder.resolve(name);
    Path lib = Files.createDirectories(clone.resolve("cli/target/dist/lib"));
    Files.createFile(lib.resolveSibling("built"));
    Files.createFile(lib.resolveSibling("iomodels.aot"));
    Files.createFile(clone.resolve("pom.xml"));
    Files.copy(
        Path.of("../iomodels"), clone.resolve("iomodels"), StandardCopyOption.COPY_ATTRIBUTES);
    return clone;
  }

  private static void program(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Run run(Path clone, String arguments, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path err = folder.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder("/bin/sh", "-c", "exec ./iomodels " + arguments)
            .directory(clone.toFile())
            .redirectError(err.toFile());
    builder.environment().putAll(Map.of("SEEN", seen.toString()));
    builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertThat(process.waitFor(50, TimeUnit.SECONDS)).isTrue();
      return new Run(process.exitValue(), Files.readString(err));
    } finally {
      process.destroyForcibly();
    }
  }

  /** Otherwise the first file that Java opens gets the descriptor, and is sent to a server. */
  @ParameterizedTest
  @ValueSource(strings = {"<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"})
  void aClosedStandardStreamIsOpenedOnNothing(String closed) throws Exception {
    run(root, "list " + closed, Map.of());

    assertThat(Files.readAllLines(seen).subList(0, 3))
        .doesNotContain("closed")
        .filteredOn("/dev/null"::equals)
        .hasSizeGreaterThanOrEqualTo(closed.split(" ").length);
  }

  @Test
  void javaReadsNamesAsUtf8InEveryLocale() throws Exception {
    run(root, "list", Map.of("LC_ALL", "C", "LANG", "zh_CN.UTF-8"));

    assertThat(Files.readString(seen)).contains("LC_ALL= LC_CTYPE=C.UTF-8 LC_MESSAGES=C LANG=C\n");
  }

  @Test
  void aLocaleThatIsUtf8StaysAsItIs() throws Exception {
    run(root, "list", Map.of("LC_ALL", "C.UTF-8", "LC_CTYPE", "", "LC_MESSAGES", "", "LANG", "C"));

    assertThat(Files.readString(seen)).contains("LC_ALL=C.UTF-8 LC_CTYPE= LC_MESSAGES= LANG=C\n");
  }

  @Test
  void aColonInThePathIsRefusedWithTheRemedy() throws Exception {
    Run run = run(clone("a:b"), "list", Map.of());

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("a:b has a colon in its path").contains("rename it");
    assertThat(seen).doesNotExist();
  }

  @Test
  void anUnusualPathIsNoneOfItsConcern() throws Exception {
    assertThat(run(clone("ünï 世界 'x' %p"), "list", Map.of("LC_ALL", "C")).exitCode()).isZero();
  }

  /** A module that does not build is no reason to refuse help, or the removal of the module. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "--version",
        "--help",
        "help",
        "",
        "new --remove mine",
        "new mine --remove --force"
      })
  void helpAndRemovalNeedNoBuildIfThereIsOne(String command) throws Exception {
    changeASource();

    Run run = run(root, command, withMaven("exit 1"));

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(seen).exists();
  }

  @Test
  void aBuildThatFailsIsShownAndRepeated() throws Exception {
    changeASource();

    for (int i = 0; i < 2; i++) {
      Run run = run(root, "list", withMaven("echo '[ERROR] it is broken'; exit 1"));
      assertThat(run.exitCode()).isEqualTo(2);
      assertThat(run.err()).contains("[ERROR] it is broken", "the build failed");
      assertThat(seen).doesNotExist();
    }
    assertThat(run(root, "--help", Map.of()).exitCode()).isZero();
  }

  @Test
  void onlyWhatTheCommandNeedsIsBuiltOnceAfterAChange() throws Exception {
    changeASource();
    Map<String, String> maven =
        withMaven("echo \"$*\" >>\"$SEEN.mvn\"; touch cli/target/command/dist/iomodels.aot");

    assertThat(run(root, "list", maven).err()).contains("building");
    Files.setLastModifiedTime(source(), FileTime.from(Instant.now().minusSeconds(60)));
    assertThat(run(root, "list", maven).err()).isEmpty();
    assertThat(Files.readString(Path.of(seen + ".mvn")))
        .contains("-Pcommand", "-pl cli -am")
        .hasLineCount(1);
    assertThat(run(root, "study", maven).err()).contains("building");
    assertThat(Files.readString(Path.of(seen + ".mvn")))
        .contains("-pl cli,site -am")
        .hasLineCount(2);
  }

  @Test
  void anArchiveUsesItsOwnJavaAndBuildsNothing() throws Exception {
    Path archive = folder.resolve("archive");
    program(archive.resolve("runtime/bin/java"), STUB);
    Path script = Files.createDirectories(archive.resolve("bin")).resolve("iomodels");
    Files.copy(Path.of("../iomodels"), script, StandardCopyOption.COPY_ATTRIBUTES);
    Path link = Files.createSymbolicLink(root.resolve("link"), script);
    Files.delete(root.resolve("iomodels"));
    Files.move(link, root.resolve("iomodels"));

    Run run = run(root, "list 'a b'", Map.of("JAVA_HOME", "", "PATH", "/usr/bin:/bin"));

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(Files.readString(seen))
        .contains("-Diomodels.home= ", "--module-path " + archive.resolve("lib") + " ")
        .contains("-XX:AOTCache=" + archive.resolve("iomodels.aot") + " ", " list a b\n");
  }

  private Path source() {
    return root.resolve("mine/src/main/java/Mine.java");
  }

  private void changeASource() throws IOException {
    Files.createDirectories(source().getParent());
    Files.createFile(source());
    Files.setLastModifiedTime(source(), FileTime.from(Instant.now().plusSeconds(5)));
  }

  private Map<String, String> withMaven(String script) throws IOException {
    program(folder.resolve("bin/mvn"), "#!/bin/sh\n" + script + "\n");
    return Map.of("PATH", folder.resolve("bin") + ":" + System.getenv("PATH"));
  }
}
