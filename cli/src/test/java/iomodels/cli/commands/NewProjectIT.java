package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.cli.Cli;
import iomodels.server.spi.Availability;
import iomodels.server.spi.ServerProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A new project outside of this build can be built and judged at once. A class of its own, since it
 * takes as long as {@link NewIT} and runs beside it.
 */
class NewProjectIT {

  /** Instead of Maven: replaces the jar of the command, where Maven would write it. */
  private static final String REPLACES_THE_JAR =
      """
      #!/bin/sh
      target=target
      for each; do
        case $each in -Diomodels.target=*) target=${each#*=} ;; esac
      done
      mkdir -p "cli/$target/dist/lib"
      for jar in cli/"$target"/dist/lib/cli-*.jar; do
        : >"$jar"
      done
      """;

  /**
   * A model with native code: it needs the classes and the permission for that. Its name ends in a
   * digit, for which javac has a warning.
   */
  @Test
  void aProjectOfItsOwnIsJudgedAndListed(@TempDir Path folder) throws Exception {
    Availability availability = ServerProvider.named("linux-epoll").orElseThrow().availability();
    assumeThat(availability.here()).as(availability.reason()).isTrue();
    try (Clone clone = Clone.in(folder)) {
      Path own = folder.resolve("own");
      Cli cli =
          Cli.run(
              "new",
              "my-own",
              "--like=linux-epoll",
              "--package=com.example.http2",
              "--outside=" + own,
              "--no-install");

      assertThat(cli.err()).isEmpty();
      assertThat(cli.exitCode()).isZero();
      assertThat(own.resolve("src/main/java/com/example/http2/MyOwnServer.java")).isRegularFile();
      Clone.offline(own);
      assertThat(clone.run(own, "mvn", "-B", "verify"))
          .containsPattern(NewIT.CONFORMS.formatted("com.example.http2.MyOwnConformanceIT"));
      assertThat(clone.run(own, "./iomodels", "list", "--probe"))
          .containsPattern("\nmy-own +yes")
          .contains("\nblocking-threads ");
    }
  }

  /** Maven may build in the folder that the command runs from: the command goes on nevertheless. */
  @Test
  void theCommandOutlivesTheInstallationOfItsOwnModules(@TempDir Path folder) throws Exception {
    try (Clone clone = Clone.ofSources(folder)) {
      Path lib = Files.createDirectories(clone.root().resolve("cli/target/dist/lib"));
      try (var jars = Files.newDirectoryStream(Path.of("target/dist/lib"))) {
        for (Path jar : jars) {
          Files.copy(jar, lib.resolve(jar.getFileName()));
        }
      }
      Path maven =
          Files.writeString(
              Files.createDirectories(folder.resolve("bin")).resolve("mvn"), REPLACES_THE_JAR);
      assertThat(maven.toFile().setExecutable(true)).isTrue();
      Path out = folder.resolve("out");
      ProcessBuilder builder =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--module-path=" + lib,
                  "-Diomodels.home=" + clone.root(),
                  "--module=iomodels.cli/iomodels.cli.Main",
                  "new",
                  "my-own",
                  "--outside=" + folder.resolve("own"))
              .redirectErrorStream(true)
              .redirectOutput(out.toFile());
      builder.environment().compute("PATH", (_, path) -> maven.getParent() + ":" + path);
      Process command = builder.start();
      try {
        assertThat(command.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(out))
            .contains("installing the dependencies", "my-own is a copy of blocking-threads")
            .endsWith("  ./iomodels compare my-own blocking-threads\n");
        assertThat(command.exitValue()).isZero();
      } finally {
        command.destroyForcibly();
      }
    }
  }
}
