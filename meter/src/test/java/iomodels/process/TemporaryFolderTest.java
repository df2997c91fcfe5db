package iomodels.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TemporaryFolderTest {

  /** Greater than any pid on Linux (man 5 proc: pid_max). */
  private static final long UNUSED_PID = 999_999_999;

  @TempDir Path directory;

  @Test
  void closingDeletesAllThatIsInIt() throws IOException {
    TemporaryFolder folder = TemporaryFolder.create("test");
    Path file = Files.createFile(Files.createDirectory(folder.resolve("below")).resolve("file"));

    assertThat(file).exists();
    folder.close();
    assertThat(folder.path()).doesNotExist();
    folder.close();
  }

  @Test
  void theFolderOfADeadProcessIsDeleted() throws Exception {
    Process dead =
        new ProcessBuilder(java("-version")).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    dead.waitFor();
    Path abandoned = folderOf(dead.pid());
    Files.createFile(Files.createDirectory(abandoned.resolve("below")).resolve("file"));

    TemporaryFolder.deleteAbandoned(directory);
    assertThat(abandoned).doesNotExist();
  }

  @Test
  void theFolderOfALivingProcessIsKept() throws Exception {
    Process living = folderHolder();
    try {
      List<Path> kept = List.of(folderOf(living.pid()), folderOf(ProcessHandle.current().pid()));

      TemporaryFolder.deleteAbandoned(directory);
      assertThat(kept).allMatch(Files::exists);
    } finally {
      living.destroyForcibly().waitFor();
    }
  }

  @Test
  void whatHasAnotherNameIsKept() throws IOException {
    List<Path> others =
        List.of(
            Files.createDirectory(directory.resolve("iomodels-notes")),
            Files.createDirectory(directory.resolve("other-1-1-test-1")),
            Files.createFile(directory.resolve(TemporaryFolder.prefix(UNUSED_PID) + "file")));

    TemporaryFolder.deleteAbandoned(directory);
    assertThat(others).allMatch(Files::exists);
  }

  @Test
  void aJvmThatEndsInOrderDeletesItsFolder() throws Exception {
    assertThat(folderAfter(Process::destroy)).doesNotExist();
  }

  @Test
  void theNextJvmDeletesTheFolderOfAKilledOne() throws Exception {
    Path left = folderAfter(Process::destroyForcibly);

    assertThat(left).exists();
    folderAfter(Process::destroy);
    assertThat(left).doesNotExist();
  }

  private Path folderOf(long pid) throws IOException {
    return Files.createDirectory(directory.resolve(TemporaryFolder.prefix(pid) + "test-1"));
  }

  /** The folder that a JVM had created before it ended. */
  private Path folderAfter(Consumer<Process> end) throws Exception {
    Process holder = folderHolder();
    try (BufferedReader output = holder.inputReader()) {
      Path folder = Path.of(output.readLine());
      assertThat(folder).exists();
      end.accept(holder);
      holder.waitFor();
      return folder;
    } finally {
      holder.destroyForcibly();
    }
  }

  /** A JVM that creates a folder, prints its path, and waits. */
  private Process folderHolder() throws IOException {
    return new ProcessBuilder(
            java(
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + directory,
                "-cp",
                "target/classes:target/test-classes",
                TemporaryFolderTest.class.getName()))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static List<String> java(String... arguments) {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return Stream.concat(Stream.of(java), Stream.of(arguments)).toList();
  }

  /** The JVM. */
  public static void main(String[] arguments) throws IOException {
    TemporaryFolder folder = TemporaryFolder.create("test");
    Files.createFile(folder.resolve("file"));
    System.out.println(folder.path());
    var _ = System.in.read();
  }
}
