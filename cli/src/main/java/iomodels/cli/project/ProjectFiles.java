package iomodels.cli.project;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The project's own files: its folder is that of the script {@code iomodels}. */
public final class ProjectFiles {

  /**
   * The system property with the project's folder; the script {@code iomodels} sets it. Empty in an
   * archive, which has no sources.
   */
  public static final String HOME = "iomodels.home";

  private static final String MAIN = "src/main/java";
  private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");

  private ProjectFiles() {}

  /** The source file of a class, relative to the project's folder; empty without sources. */
  public static Optional<Path> file(Class<?> type) {
    Optional<Path> home = home();
    return home.flatMap(it -> absolute(it, type).map(it::relativize));
  }

  /** The number of lines of code of a class; empty without sources. */
  public static OptionalLong lines(Class<?> type) {
    Optional<Path> file = home().flatMap(it -> absolute(it, type));
    if (file.isEmpty()) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(lines(Files.readAllLines(file.get())));
    } catch (IOException _) {
      return OptionalLong.empty();
    }
  }

  /** Counts lines that are not blank, comments, imports or the package declaration. */
  static long lines(List<String> source) {
    long lines = 0;
    boolean inComment = false;
    for (String line : source.stream().map(String::strip).toList()) {
      inComment |= line.startsWith("/*");
      boolean counts =
          !inComment
              && !line.isEmpty()
              && !line.startsWith("//")
              && !line.startsWith("package ")
              && !line.startsWith("import ");
      lines += counts ? 1 : 0;
      inComment &= !line.endsWith("*/");
    }
    return lines;
  }

  /** The project's folder; empty if a script {@code iomodels} beside it did not start this. */
  public static Optional<Path> home() {
    return Optional.ofNullable(System.getProperty(HOME)).filter(it -> !it.isEmpty()).map(Path::of);
  }

  /** What a user types to start this program: in an archive its name, and otherwise the script. */
  public static String command() {
    return "".equals(System.getProperty(HOME)) ? "iomodels" : "./iomodels";
  }

  /** Returns the folders of the modules that the root pom lists. */
  public static List<Path> modules(Path home) throws IOException {
    return MODULE
        .matcher(Files.readString(home.resolve("pom.xml")))
        .results()
        .map(module -> home.resolve(module.group(1)))
        .toList();
  }

  /** Searches the modules of a multi-module project, and the folder itself. */
  private static Optional<Path> absolute(Path home, Class<?> type) {
    String name = type.getName().replace('.', '/') + ".java";
    try (Stream<Path> modules = Files.list(home)) {
      return Stream.concat(Stream.of(home), modules.sorted())
          .map(it -> it.resolve(MAIN).resolve(name))
          .filter(Files::isRegularFile)
          .findFirst();
    } catch (IOException _) {
      return Optional.empty();
    }
  }
}
