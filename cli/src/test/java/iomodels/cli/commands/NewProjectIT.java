package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.cli.Cli;
import iomodels.server.spi.Availability;
import iomodels.server.spi.ServerProvider;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A new project outside of this build can be built and judged at once. A class of its own, since it
 * takes as long as {@link NewIT} and runs beside it.
 */
class NewProjectIT {

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
}
