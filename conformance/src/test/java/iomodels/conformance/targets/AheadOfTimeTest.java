package iomodels.conformance.targets;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

@Isolated("it sets a system property")
class AheadOfTimeTest {

  private static final String PROPERTY = "iomodels.caches";

  @TempDir private Path folder;

  @AfterEach
  void restore() {
    System.clearProperty(PROPERTY);
  }

  @Test
  void theFolderOfThePropertyIsCreated() {
    Path caches = folder.resolve("caches");
    System.setProperty(PROPERTY, caches.toString());
    assertThat(AheadOfTime.keptFolder()).contains(caches);
    assertThat(caches).isDirectory();
  }

  /** The caches are then made in a temporary folder; otherwise each JVM would start without. */
  @Test
  void aFolderThatCannotBeCreatedIsLeftOut() throws Exception {
    System.setProperty(PROPERTY, Files.createFile(folder.resolve("file")).resolve("x").toString());
    assertThat(AheadOfTime.keptFolder()).isEmpty();
  }
}
