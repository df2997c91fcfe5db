package iomodels.cli.project;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

@Isolated("it sets a system property")
class ProjectFilesTest {

  private static final String SOURCE =
      """
      package iomodels.cli;

      import java.util.List;

      /**
       * It counts
       * nothing of this.
       */
      class ProjectFilesTest {

        // nor of this
        /** Nor this. */
        int counts; // but that

        /* and */
        int imports;
      }
      """;

  @TempDir private Path home;

  @BeforeEach
  void home() {
    System.setProperty(ProjectFiles.HOME, home.toString());
  }

  @AfterEach
  void restore() {
    System.clearProperty(ProjectFiles.HOME);
  }

  @Test
  void aClassIsFoundInItsModuleAndItsCodeCounted() throws IOException {
    Path file = Path.of("some-impl/src/main/java/iomodels/cli/project/ProjectFilesTest.java");
    Files.createDirectories(home.resolve(file).getParent());
    Files.writeString(home.resolve(file), SOURCE);

    assertThat(ProjectFiles.file(ProjectFilesTest.class)).contains(file);
    assertThat(ProjectFiles.lines(ProjectFilesTest.class)).hasValue(4);
  }

  @Test
  void whereThereAreNoSourcesThereIsNothingToCount() {
    assertThat(ProjectFiles.file(ProjectFilesTest.class)).isEmpty();
    assertThat(ProjectFiles.lines(ProjectFilesTest.class)).isEmpty();
  }

  @Test
  void anArchiveHasNoScriptToStartAgain() {
    assertThat(ProjectFiles.command()).isEqualTo("./iomodels");
    System.setProperty(ProjectFiles.HOME, "");
    assertThat(ProjectFiles.command()).isEqualTo("iomodels");
    assertThat(ProjectFiles.home()).isEmpty();
  }
}
