package iomodels.lab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {

  @TempDir private Path folder = Path.of("");

  @Test
  void aFileIsReplacedAndNoTemporaryFileRemains() throws IOException {
    Path file = Files.writeString(folder.resolve("page.html"), "a long old page");

    WholeFile.write(file, "new");

    assertThat(file).hasContent("new");
    assertThat(folder).isDirectoryContaining(it -> it.equals(file));
    assertThat(folder.toFile().list()).hasSize(1);
  }

  @Test
  void aFullDiskDestroysNoOldPage() throws IOException {
    Path full = Path.of("/dev/full");
    assumeThat(full).exists();
    Path file = Files.writeString(folder.resolve("page.html"), "old");
    Files.createSymbolicLink(folder.resolve("page.html.part"), full);

    assertThatThrownBy(() -> WholeFile.write(file, "new")).isInstanceOf(IOException.class);

    assertThat(file).hasContent("old");
    assertThat(folder.resolve("page.html.part")).doesNotExist();
  }

  @Test
  void aLinkStaysALink() throws IOException {
    Path file = Files.writeString(folder.resolve("page.html"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);

    WholeFile.write(link, "new");

    assertThat(link).isSymbolicLink();
    assertThat(file).hasContent("new");
  }

  @Test
  void aPipeIsWrittenInPlace() throws IOException {
    assumeThat(Path.of("/proc/self/fd")).exists();
    Process cat = new ProcessBuilder("cat").start();
    try (BufferedReader said = cat.inputReader()) {
      WholeFile.write(Path.of("/proc/%d/fd/0".formatted(cat.pid())), "new");
      cat.getOutputStream().close();

      assertThat(said.readLine()).isEqualTo("new");
    } finally {
      cat.destroyForcibly();
    }
  }

  /** As by {@code --html /dev/stdout >out.html}. */
  @Test
  void aFileThatIsOpenAlreadyIsNotReplaced() throws IOException {
    assumeThat(Path.of("/proc/self/fd")).exists();
    Path file = Files.writeString(folder.resolve("out.html"), "old");
    Object before = Files.getAttribute(file, "unix:ino");
    Process sleep = new ProcessBuilder("sleep", "60").redirectOutput(file.toFile()).start();
    try {
      Path stdout = Path.of("/proc/%d/fd/1".formatted(sleep.pid()));
      WholeFile.write(Files.createSymbolicLink(folder.resolve("stdout"), stdout), "new");
    } finally {
      sleep.destroyForcibly();
    }

    assertThat(file).hasContent("new");
    assertThat(Files.getAttribute(file, "unix:ino")).isEqualTo(before);
    assertThat(folder.toFile().list()).hasSize(2);
  }

  @Test
  void aLinkThatLeadsToALinkIsReplacedAtItsEnd() throws IOException {
    Path file = Files.writeString(folder.resolve("page.html"), "old");
    Files.createSymbolicLink(folder.resolve("second"), Path.of("page.html"));
    Path link = Files.createSymbolicLink(folder.resolve("first"), Path.of("second"));

    assertThat(WholeFile.beside(link)).isEqualTo(folder.resolve("page.html.part"));
    WholeFile.write(link, "new");

    assertThat(file).hasContent("new");
    assertThat(folder.toFile().list()).hasSize(3);
  }

  /** As where the file is a mount point, or is another's in a folder with the sticky bit. */
  @Test
  void whereTheRenameFailsTheContentIsKept() throws IOException {
    Path part = Files.writeString(folder.resolve("page.html.part"), "new");
    Path taken = Files.createDirectory(folder.resolve("page.html"));

    assertThatThrownBy(() -> WholeFile.publish(part, taken))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(part.toString());

    assertThat(part).hasContent("new");
  }

  @Test
  void aFullDeviceIsReported() {
    Path full = Path.of("/dev/full");
    assumeThat(full).exists();

    assertThatThrownBy(() -> WholeFile.write(full, "new")).isInstanceOf(IOException.class);
    assertThat(full).exists();
  }
}
