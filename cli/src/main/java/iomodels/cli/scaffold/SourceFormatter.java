package iomodels.cli.scaffold;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Runs google-java-format: renaming changes the length of lines. The build downloads it. */
public final class SourceFormatter {

  private static final String JAR = "google-java-format-*-all-deps.jar";

  private SourceFormatter() {}

  /**
   * Formats all sources in a folder.
   *
   * @throws IOException if the formatter is missing, or fails
   */
  public static void format(Path home, Path folder) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // A JVM that lives for seconds is not worth optimizing.
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.addAll(List.of("-jar", jar(home).toString(), "--replace"));
    try (Stream<Path> files = Files.walk(folder)) {
      files.map(Path::toString).filter(name -> name.endsWith(".java")).forEach(command::add);
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = process.inputReader().readAllAsString();
    if (process.waitFor() != 0) {
      throw new IOException("the sources cannot be formatted: " + output);
    }
  }

  private static Path jar(Path home) throws IOException {
    Path target = home.resolve("target");
    if (Files.isDirectory(target)) {
      try (var jars = Files.newDirectoryStream(target, JAR)) {
        for (Path jar : jars) {
          return jar;
        }
      }
    }
    throw new IOException(
        "no %s in %s%starget; mvn validate puts it there".formatted(JAR, home, File.separator));
  }
}
