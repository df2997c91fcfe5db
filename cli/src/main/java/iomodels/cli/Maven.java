package iomodels.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Maven, in a process of its own. */
final class Maven {

  private static final int LINES = 5;

  private Maven() {}

  /**
   * Installs every module into the local repository, untested: tests have their own command. What
   * this program runs from stays as it is.
   *
   * @param log where Maven's words are kept meanwhile
   * @throws Failure with Maven's first errors, if it fails, or is not there
   */
  static void install(Path home, Path log) throws Failure, IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            "mvn -B -ntp install -DskipTests -DskipITs -Dexec.skip -Dmdep.skip".split(" "));
    builder.directory(home.toFile()).redirectErrorStream(true).redirectOutput(log.toFile());
    Process maven;
    try {
      maven = builder.start();
    } catch (IOException e) {
      throw new Failure(
          "there is no Maven (mvn); install it, or say --no-install if what the project depends on"
              + " is in a repository already");
    }
    if (maven.waitFor() != 0) {
      try (Stream<String> lines = Files.lines(log)) {
        List<String> errors =
            lines.filter(line -> line.startsWith("[ERROR]")).limit(LINES).toList();
        throw new Failure("mvn install failed in %s: %s".formatted(home, errors));
      }
    }
    Files.delete(log);
  }
}
