package iomodels.process;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An empty folder in the system's temporary directory. It is deleted with all that is in it when it
 * is closed, or when this JVM ends in order. If the JVM is killed, the folder remains until the
 * next JVM that creates one. Safe for use by several threads.
 */
public final class TemporaryFolder implements AutoCloseable {

  private static final String PREFIX = "iomodels-";

  /** PID namespace, pid, purpose and random digits. */
  private static final Pattern NAME = Pattern.compile(PREFIX + "(\\d+)-(\\d{1,10})-.+");

  private static final String NAMESPACE = namespace();

  private static final Set<TemporaryFolder> OPEN = ConcurrentHashMap.newKeySet();

  static {
    deleteAbandoned(Path.of(System.getProperty("java.io.tmpdir")));
    ChildProcesses.afterEnd(() -> OPEN.forEach(TemporaryFolder::close));
  }

  private final Path path;

  private TemporaryFolder(Path path) {
    this.path = path;
  }

  /**
   * Creates a folder.
   *
   * @param purpose part of its name
   */
  public static TemporaryFolder create(String purpose) throws IOException {
    String prefix = prefix(ProcessHandle.current().pid()) + purpose + "-";
    TemporaryFolder folder = new TemporaryFolder(Files.createTempDirectory(prefix));
    OPEN.add(folder);
    return folder;
  }

  /** The beginning of the names of a process's folders. */
  static String prefix(long pid) {
    return "%s%s-%d-".formatted(PREFIX, NAMESPACE, pid);
  }

  public Path path() {
    return path;
  }

  /** The path of a file in this folder. */
  public Path resolve(String file) {
    return path.resolve(file);
  }

  /** Deletes the folder. A file that cannot be deleted remains until a later JVM tries again. */
  @Override
  public void close() {
    OPEN.remove(this);
    delete(path);
  }

  /** Deletes the folders of processes that have ended without deleting them. */
  static void deleteAbandoned(Path directory) {
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(directory, PREFIX + "*")) {
      for (Path folder : folders) {
        if (isAbandoned(folder)) {
          delete(folder);
        }
      }
    } catch (IOException | DirectoryIteratorException _) {
      // The directory cannot be read: createTempDirectory reports that.
    }
  }

  private static boolean isAbandoned(Path folder) {
    Matcher name = NAME.matcher(folder.getFileName().toString());
    return name.matches()
        && name.group(1).equals(NAMESPACE)
        && canSeeProcesses()
        && ProcessHandle.of(Long.parseLong(name.group(2))).isEmpty()
        && Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS);
  }

  /** Without {@code /proc} no process is visible on Linux. */
  private static boolean canSeeProcesses() {
    return ProcessHandle.of(ProcessHandle.current().pid()).isPresent();
  }

  /**
   * The PID namespace of this process; 0 on systems without any. Containers may share a temporary
   * directory, and the same pid is another process in each of them.
   */
  private static String namespace() {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString().replaceAll("\\D", "");
    } catch (IOException | UnsupportedOperationException _) {
      return "0";
    }
  }

  private static void delete(Path folder) {
    try {
      Files.walkFileTree(folder, new Deletion());
    } catch (IOException _) {
      // Another process deletes it at the same time, or it belongs to another user.
    }
  }

  /** Deletes what can be deleted. */
  private static final class Deletion extends SimpleFileVisitor<Path> {

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      return deleted(file);
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) {
      return deleted(file);
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e) {
      return deleted(folder);
    }

    private static FileVisitResult deleted(Path each) {
      try {
        Files.deleteIfExists(each);
      } catch (IOException _) {
        // It remains until a later JVM tries again.
      }
      return FileVisitResult.CONTINUE;
    }
  }
}
