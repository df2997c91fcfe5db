package iomodels.lab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {

  @TempDir private Path folder = Path.of("");

  @Test
  void aFileIsReplacedAndNothingIsLeftBesideIt() throws IOException {
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
  void aFullDeviceIsReported() {
    Path full = Path.of("/dev/full");
    assumeThat(full).exists();

    assertThatThrownBy(() -> WholeFile.write(full, "new")).isInstanceOf(IOException.class);
    assertThat(full).exists();
  }
}
