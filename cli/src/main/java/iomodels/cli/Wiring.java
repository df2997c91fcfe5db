package iomodels.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
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
      for (Map.Entry<Path, String> file : after.entrySet()) {
        Files.writeString(file.getKey(), file.getValue());
      }
    } catch (IOException e) {
      for (Map.Entry<Path, String> file : before.entrySet()) {
        Files.writeString(file.getKey(), file.getValue());
      }
      throw e;
    }
  }
}
