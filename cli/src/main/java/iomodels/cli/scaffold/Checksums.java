package iomodels.cli.scaffold;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The checksums of a module's files as they were created, in the format of sha256sum(1). They show
 * later whether somebody has changed the module.
 */
final class Checksums {

  /** The name of the file with the checksums. */
  private static final String FILE = "new.sha256";

  /** The folder of what the build makes from the module. */
  private static final String TARGET = "target";

  private static final Pattern LINE = Pattern.compile("([0-9a-f]{64})  (.+)");

  private Checksums() {}

  /** Writes the checksums of all files in the folder of a module. */
  static void write(Path module) throws IOException {
    String lines =
        of(module).entrySet().stream()
            .map(it -> "%s  %s\n".formatted(it.getValue(), it.getKey()))
            .collect(joining());
    Files.writeString(module.resolve(FILE), lines);
  }

  /** Whether the folder has checksums. */
  static boolean areIn(Path module) {
    return Files.isRegularFile(module.resolve(FILE));
  }

  /** The files that are not as they were created: changed, added or deleted ones. */
  static List<String> changed(Path module) throws IOException {
    Map<String, String> created = new TreeMap<>();
    for (String line : Files.readAllLines(module.resolve(FILE), UTF_8)) {
      var matcher = LINE.matcher(line);
      if (matcher.matches()) {
        created.put(matcher.group(2), matcher.group(1));
      }
    }
    Map<String, String> now = of(module);
    TreeSet<String> names = new TreeSet<>(created.keySet());
    names.addAll(now.keySet());
    names.removeIf(it -> created.containsKey(it) && created.get(it).equals(now.get(it)));
    return List.copyOf(names);
  }

  /** The checksums by the paths of the files in the module. */
  private static Map<String, String> of(Path module) throws IOException {
    Map<String, String> checksums = new TreeMap<>();
    Files.walkFileTree(
        module,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return folder.equals(module.resolve(TARGET))
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            String path = module.relativize(file).toString().replace('\\', '/');
            if (!path.equals(FILE)) {
              checksums.put(path, sha256(Files.readAllBytes(file)));
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return checksums;
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // Every Java platform has it.
    }
  }
}
