package iomodels.cli.commands;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.cli.project.ProjectFiles;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A copy of this build's sources that a test can change, and a local Maven repository with the
 * artifacts of this build, so that nothing is built twice.
 */
final class Clone implements AutoCloseable {

  private static final Path ORIGINAL = Path.of("..").toAbsolutePath().normalize();
  private static final String GROUP = "iomodels";
  private static final String JUNIT_DRIVER = "conformance-junit";
  private static final int MINUTES = 20;

  private final Path root;
  private final Path repository;

  private Clone(Path folder) {
    root = folder.resolve("clone");
    repository = folder.resolve("repository");
  }

  /** A clone without a repository: it cannot be built. */
  static Clone ofSources(Path folder) throws IOException {
    Clone clone = new Clone(folder);
    copy(ORIGINAL, clone.root);
    Path target = Files.createDirectories(clone.root.resolve("target"));
    try (var formatters =
        Files.newDirectoryStream(ORIGINAL.resolve("target"), "google-java-format-*.jar")) {
      for (Path jar : formatters) {
        Files.copy(jar, target.resolve(jar.getFileName()));
      }
    }
    System.setProperty(ProjectFiles.HOME, clone.root.toString());
    return clone;
  }

  /** A clone whose modules can be built one by one, without a network. */
  static Clone in(Path folder) throws IOException {
    Clone clone = ofSources(folder);
    clone.fillRepository();
    offline(clone.root);
    return clone;
  }

  Path root() {
    return root;
  }

  /** Makes Maven work offline in a folder. */
  static void offline(Path folder) throws IOException {
    Files.writeString(
        Files.createDirectories(folder.resolve(".mvn")).resolve("maven.config"), "-o\n-T1C\n");
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            String name = folder.getFileName().toString();
            if (name.equals("target") || name.equals(".git") || folder.equals(to)) {
              return FileVisitResult.SKIP_SUBTREE;
            }
            Files.createDirectories(to.resolve(from.relativize(folder)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(file, to.resolve(from.relativize(file)), StandardCopyOption.COPY_ATTRIBUTES);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Links to everything that Maven has downloaded, and installs our own modules. */
  private void fillRepository() throws IOException {
    Path fetched =
        Path.of(
            System.getProperty(
                "iomodels.repository", System.getProperty("user.home") + "/.m2/repository"));
    Path ours = Files.createDirectories(repository.resolve(GROUP));
    try (Stream<Path> groups = Files.list(fetched)) {
      for (Path group : groups.toList()) {
        if (!group.getFileName().equals(ours.getFileName())) {
          Files.createSymbolicLink(repository.resolve(group.getFileName()), group);
        }
      }
    }
    String version = version();
    install(ours, "iomodels-parent", version, ".pom", ORIGINAL.resolve("pom.xml"));
    install(ours, "iomodels-bom", version, ".pom", ORIGINAL.resolve("bom/pom.xml"));
    String ending = "-" + version + ".jar";
    // Only the tests of a module need it, and so it is not among the jars of the command.
    Path junit = ORIGINAL.resolve(JUNIT_DRIVER);
    install(
        ours,
        JUNIT_DRIVER,
        version,
        ".jar",
        junit.resolve("target").resolve(JUNIT_DRIVER + ending));
    install(ours, JUNIT_DRIVER, version, ".pom", junit.resolve("pom.xml"));
    try (var jars =
        Files.newDirectoryStream(ORIGINAL.resolve("cli/target/dist/lib"), "*" + ending)) {
      for (Path jar : jars) {
        String artifact = jar.getFileName().toString().replace(ending, "");
        install(ours, artifact, version, ".jar", jar);
        install(ours, artifact, version, ".pom", ORIGINAL.resolve(artifact).resolve("pom.xml"));
      }
    }
  }

  private static void install(Path group, String artifact, String version, String ending, Path file)
      throws IOException {
    Path folder = Files.createDirectories(group.resolve(artifact).resolve(version));
    Files.copy(file, folder.resolve(artifact + "-" + version + ending));
  }

  private static String version() throws IOException {
    Matcher matcher =
        Pattern.compile("<version>([^<]+)</version>")
            .matcher(Files.readString(ORIGINAL.resolve("bom/pom.xml")));
    assertThat(matcher.find()).isTrue();
    return matcher.group(1);
  }

  /** Runs a command, fails unless it exits with 0, and returns its output. */
  String run(Path folder, String... command) throws IOException, InterruptedException {
    Path said = Files.createTempFile(root.getParent(), "said", ".log");
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder
        .environment()
        .put("MAVEN_OPTS", "-XX:TieredStopAtLevel=1 -Dmaven.repo.local=" + repository);
    // The Java that filled the repository: profiles, and so dependencies, depend on its version.
    String javaOfMaven = System.getProperty("iomodels.javaOfMaven");
    if (javaOfMaven != null) {
      builder.environment().put("JAVA_HOME", javaOfMaven);
    }
    Process process = builder.redirectErrorStream(true).redirectOutput(said.toFile()).start();
    try {
      boolean ended = process.waitFor(MINUTES, TimeUnit.MINUTES);
      String text = Files.readString(said, UTF_8);
      assertThat(ended).as(text).isTrue();
      assertThat(process.exitValue()).as("%s%n%s", List.of(command), text).isZero();
      return text;
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  /** The contents of every file, decoded as Latin-1, so that all bytes are preserved. */
  Map<String, String> contents() throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = root.relativize(file).toString();
        contents.put(name, name.endsWith(".jar") ? "" : Files.readString(file, ISO_8859_1));
      }
    }
    return contents;
  }

  /** Removes the links, which lead out of the folder that is deleted next. */
  @Override
  public void close() throws IOException {
    System.clearProperty(ProjectFiles.HOME);
    if (Files.exists(repository)) {
      try (Stream<Path> groups = Files.list(repository)) {
        for (Path group : groups.filter(Files::isSymbolicLink).toList()) {
          Files.delete(group);
        }
      }
    }
  }
}
