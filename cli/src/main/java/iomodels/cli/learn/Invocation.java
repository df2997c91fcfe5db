package iomodels.cli.learn;

import iomodels.cli.output.ShellQuoting;
import iomodels.cli.project.ProjectFiles;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Commands of this program as a user types them in a folder of the user's own project.
 *
 * @param folder the folder with the progress, as the user gave it; empty for the current folder
 */
public record Invocation(Path folder) {

  /** Returns a command {@code learn} with the same folder. */
  public String learn(String arguments) {
    return here(
        folder.toString().isEmpty()
            ? "learn " + arguments
            : "learn %s --folder %s".formatted(arguments, ShellQuoting.word(folder.toString())));
  }

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
