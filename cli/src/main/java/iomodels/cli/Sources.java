package iomodels.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** The project's own sources, as far as they are there: beside the script {@code iomodels}. */
final class Sources {

  private static final String MAIN = "src/main/java";

  private Sources() {}

  /** The file of a class, below the project's folder; empty without sources. */
  static Optional<Path> file(Class<?> type) {
    Optional<Path> home = home();
    return home.flatMap(it -> absolute(it, type).map(it::relativize));
  }

  /** How many lines of code it has; empty without sources. */
  static OptionalLong lines(Class<?> type) {
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

  /** Those that are not blank, not comments, and neither the package's name nor imports. */
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

  private static Optional<Path> home() {
    return Optional.ofNullable(System.getProperty(NewCommand.HOME))
        .filter(it -> !it.isEmpty())
        .map(Path::of);
  }

  /** In one of the modules, or in a project that is one. */
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
