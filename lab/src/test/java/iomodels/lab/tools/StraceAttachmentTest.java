package iomodels.lab.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class StraceAttachmentTest {

  @Test
  void closingItDetachesFromTheProcess(@TempDir Path folder) throws Exception {
    Process traced = new ProcessBuilder("sleep", "600").start();
    try {
      Optional<StraceAttachment> attached = attach(traced, folder.resolve("trace"));
      assumeThat(attached).as("strace may trace here").isPresent();
      try (StraceAttachment _ = attached.orElseThrow()) {
        assertThat(tracer(traced)).isNotEqualTo("0");
      }

      assertThat(tracer(traced)).isEqualTo("0");
      assertThat(traced.isAlive()).isTrue();
    } finally {
      traced.destroyForcibly();
    }
  }

  private static Optional<StraceAttachment> attach(Process process, Path output) {
    try {
      return Optional.of(StraceAttachment.to(process.toHandle(), output));
    } catch (IOException _) {
      return Optional.empty();
    }
  }

  private static String tracer(Process process) throws IOException {
    String name = "TracerPid:";
    return Files.readAllLines(Path.of("/proc", String.valueOf(process.pid()), "status")).stream()
        .filter(it -> it.startsWith(name))
        .findFirst()
        .orElseThrow()
        .substring(name.length())
        .strip();
  }
}
