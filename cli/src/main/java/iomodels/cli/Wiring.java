package iomodels.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the rest of the build has to know of a module: changes to files that are there. */
final class Wiring {

  /** All up to the last implementation module that is listed, whose indent is the second group. */
  private static final Pattern MODULES =
      Pattern.compile("(?s)(.*\n)( *)<module>[\\w-]+-impl</module>\n");

  private static final Pattern DEPENDENCIES =
      Pattern.compile(
          "(?s)(.*\n)( *)<dependency>\\s*<groupId>iomodels</groupId>\\s*"
              + "<artifactId>[\\w-]+-impl</artifactId>(?:(?!</dependency>).)*</dependency>\n");

  private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");

  private static final Pattern NATIVES =
      Pattern.compile("(?s).*?(?:<argLine>--enable-native-access=|\nnatives=)");

  private final Map<Path, String> before = new LinkedHashMap<>();
  private final Map<Path, String> after = new LinkedHashMap<>();

  private Wiring() {}

  /** Nothing at all. */
  static Wiring none() {
    return new Wiring();
  }

  /** That the module is a part of this build, and a model of the command line. */
  static Wiring of(Path home, ModuleTemplate.Copy copy) throws IOException {
    Wiring wiring = new Wiring();
    Path cli = home.resolve("cli/pom.xml");
    wiring.insert(
        home.resolve("pom.xml"), MODULES, "<module>%s</module>\n".formatted(copy.artifact()));
    wiring.insert(
        home.resolve("bom/pom.xml"),
        DEPENDENCIES,
        dependency(copy, "<version>${project.version}</version>"));
    wiring.insert(cli, DEPENDENCIES, dependency(copy, "<scope>runtime</scope>"));
    if (copy.callsNativeCode()) {
      wiring.insert(cli, NATIVES, copy.packageName() + ",");
      wiring.insert(home.resolve("iomodels"), NATIVES, copy.packageName() + ",");
    }
    return wiring;
  }

  /** The folders of this build's modules. */
  static List<Path> modules(Path home) throws IOException {
    return MODULE
        .matcher(Files.readString(home.resolve("pom.xml")))
        .results()
        .map(module -> home.resolve(module.group(1)))
        .toList();
  }

  private static String dependency(ModuleTemplate.Copy copy, String how) {
    return """
    <dependency>
      <groupId>iomodels</groupId>
      <artifactId>%s</artifactId>
      %s
    </dependency>
    """
        .formatted(copy.artifact(), how);
  }

  /** Puts a text behind the place that is found; lines are indented as what they follow. */
  private void insert(Path file, Pattern place, String text) throws IOException {
    String old = after.containsKey(file) ? after.get(file) : Files.readString(file);
    before.putIfAbsent(file, old);
    Matcher matcher = place.matcher(old);
    if (!matcher.lookingAt()) {
      throw new IOException("cannot find the place in %s for: %s".formatted(file, text.strip()));
    }
    String indented = matcher.groupCount() < 2 ? text : text.indent(matcher.group(2).length());
    after.put(file, new StringBuilder(old).insert(matcher.end(), indented).toString());
  }

  /**
   * Writes all of it, or nothing.
   *
   * @throws IOException if a file cannot be written; those that had been are what they were
   */
  void apply() throws IOException {
    try {
      replace(after);
    } catch (IOException e) {
      try {
        replace(before);
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  /** Each file at once: who reads it meanwhile sees it as it was, or as it will be. */
  private static void replace(Map<Path, String> files) throws IOException {
    for (Map.Entry<Path, String> file : files.entrySet()) {
      Path path = file.getKey();
      Path next = path.resolveSibling("." + path.getFileName() + ".new");
      try {
        Files.copy(
            path,
            next,
            StandardCopyOption.COPY_ATTRIBUTES, // The script stays a program.
            StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(next, file.getValue());
        Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(next);
      }
    }
  }
}
