package iomodels.cli.learn;

import iomodels.cli.output.ShellQuoting;
import iomodels.cli.project.ProjectFiles;
import java.nio.file.Path;
import java.util.Optional;

/** Commands of this program as a user types them in a folder of the user's own project. */
public final class Invocation {

  private Invocation() {}

  /** Returns what to type in the current folder. */
  public static String here(String arguments) {
    return in(Path.of(""), arguments);
  }

  /** Returns what to type in a folder: outside of the clone with the path of the script. */
  static String in(Path folder, String arguments) {
    Path absolute = folder.toAbsolutePath().normalize();
    Optional<Path> clone =
        ProjectFiles.home()
            .map(it -> it.toAbsolutePath().normalize())
            .filter(it -> !it.equals(absolute));
    String command =
        clone
            .map(it -> ShellQuoting.word(it.resolve("iomodels").toString()))
            .orElseGet(ProjectFiles::command);
    return command + " " + arguments;
  }
}
