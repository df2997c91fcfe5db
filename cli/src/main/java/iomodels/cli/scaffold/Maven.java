package iomodels.cli.scaffold;

import iomodels.cli.output.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Runs Maven. */
public final class Maven {

  private static final int LINES = 5;

  private Maven() {}

  /**
   * Installs the modules that a separate project needs into the local repository, without running
   * tests. They are built in a folder of their own: this program may run from the usual one, and
   * its jars must not change meanwhile.
   *
   * @param log file for Maven's output; deleted on success
   * @throws UserError if Maven is missing, or fails; the message contains its first errors
   */
  public static void install(Path home, Path log)
      throws UserError, IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            ("mvn -B -ntp install -Pcommand -Diomodels.target=target/install -Dmdep.skip"
                    + " -pl bom,cli,conformance-junit -am")
                .split(" "));
    builder.directory(home.toFile()).redirectErrorStream(true).redirectOutput(log.toFile());
    Process maven;
    try {
      maven = builder.start();
    } catch (IOException e) {
      throw new UserError(
          "there is no Maven (mvn); install it, or add --no-install if the dependencies are in a"
              + " repository already");
    }
    if (maven.waitFor() != 0) {
      try (Stream<String> lines = Files.lines(log)) {
        List<String> errors =
            lines.filter(line -> line.startsWith("[ERROR]")).limit(LINES).toList();
        throw new UserError("mvn install failed in %s: %s".formatted(home, errors));
      }
    }
    Files.delete(log);
  }
}
