package iomodels.cli.scaffold;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Registers a module with the build, or withdraws it, by changes to existing files. */
public final class BuildRegistration {

  /** Matches up to the last implementation module; the second group is its indentation. */
  private static final Pattern MODULES =
      Pattern.compile("(?s)(.*\n)( *)<module>[\\w-]+-impl</module>\n");

  private static final Pattern DEPENDENCIES =
      Pattern.compile(
          "(?s)(.*\n)( *)<dependency>\\s*<groupId>iomodels</groupId>\\s*"
              + "<artifactId>[\\w-]+-impl</artifactId>(?:(?!</dependency>).)*</dependency>\n");

  private static final Pattern NATIVES =
      Pattern.compile("(?s).*?(?:<iomodels.testOptions>--enable-native-access=|\nnatives=)");

  private final Map<Path, String> before = new LinkedHashMap<>();
  private final Map<Path, String> after = new LinkedHashMap<>();

  private BuildRegistration() {}

  /** No changes. */
  public static BuildRegistration none() {
    return new BuildRegistration();
  }

  /**
   * The changes that make the module a part of this build, of the command line and of the study
   * site.
   */
  public static BuildRegistration of(Path home, ModuleTemplate.Copy copy) throws IOException {
    BuildRegistration registration = new BuildRegistration();
    Path cli = home.resolve("cli/pom.xml");
    registration.insert(
        home.resolve("pom.xml"), MODULES, "<module>%s</module>\n".formatted(copy.artifact()));
    registration.insert(
        home.resolve("bom/pom.xml"),
        DEPENDENCIES,
        dependency(copy, "<version>${project.version}</version>"));
    for (Path user : List.of(cli, home.resolve("site/pom.xml"))) {
      registration.insert(user, DEPENDENCIES, dependency(copy, "<scope>runtime</scope>"));
    }
    if (copy.callsNativeCode()) {
      registration.insert(cli, NATIVES, copy.packageName() + ",");
      registration.insert(home.resolve("iomodels"), NATIVES, copy.packageName() + ",");
    }
    return registration;
  }

  /**
   * The changes that make the build forget a module.
   *
   * @param packageName name of the Java module, which the launcher may have to know; empty if it is
   *     not known
   */
  static BuildRegistration withdrawal(Path home, String artifact, Optional<String> packageName)
      throws IOException {
    Pattern module = Pattern.compile(" *<module>%s</module>\n".formatted(Pattern.quote(artifact)));
    Pattern dependency =
        Pattern.compile(
            " *<dependency>\\s*<groupId>iomodels</groupId>\\s*<artifactId>%s</artifactId>"
                    .formatted(Pattern.quote(artifact))
                + "[^<]*<(?:version|scope)>[^<]*</(?:version|scope)>\\s*</dependency>\n");
    BuildRegistration registration = new BuildRegistration();
    registration.delete(home.resolve("pom.xml"), module);
    Path cli = home.resolve("cli/pom.xml");
    for (Path user : List.of(home.resolve("bom/pom.xml"), cli, home.resolve("site/pom.xml"))) {
      registration.delete(user, dependency);
    }
    if (packageName.isPresent()) {
      Pattern permitted =
          Pattern.compile("(?<=[=,])%s,".formatted(Pattern.quote(packageName.get())));
      registration.delete(cli, permitted);
      registration.delete(home.resolve("iomodels"), permitted);
    }
    return registration;
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

  /** Inserts a text after the place that the pattern matches, with the indentation found there. */
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

  /** Deletes a text, if the file has it. */
  private void delete(Path file, Pattern text) throws IOException {
    String old = after.containsKey(file) ? after.get(file) : Files.readString(file);
    Matcher matcher = text.matcher(old);
    if (matcher.find()) {
      before.putIfAbsent(file, old);
      after.put(file, matcher.replaceAll(""));
    }
  }

  /** The files that are changed. */
  Set<Path> files() {
    return after.keySet();
  }

  /**
   * Makes all changes, or none.
   *
   * @throws IOException if a file cannot be written; the others have then been restored
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

  /** Replaces each file atomically: a concurrent reader sees the old or the new content. */
  private static void replace(Map<Path, String> files) throws IOException {
    for (Map.Entry<Path, String> file : files.entrySet()) {
      Path path = file.getKey();
      Path next = path.resolveSibling("." + path.getFileName() + ".new");
      try {
        Files.copy(
            path,
            next,
            StandardCopyOption.COPY_ATTRIBUTES, // Keeps the script executable.
            StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(next, file.getValue());
        Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(next);
      }
    }
  }
}
