package iomodels.lab.report;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/**
 * Replaces a file atomically: writes the new content to a temporary file in the same directory,
 * then renames it. If the disk is full or the program is killed, the old content remains.
 */
public final class WholeFile {

  private static final String PART = ".part";
  private static final int MOST_LINKS = 40;
  private static final List<Path> SYSTEM = List.of(Path.of("/proc"), Path.of("/dev"));
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");

  private WholeFile() {}

  /**
   * Writes a text as UTF-8.
   *
   * @throws IOException if it cannot be written; the old content is unchanged
   */
  public static void write(Path file, String text) throws IOException {
    Path part = beside(file);
    try {
      Files.writeString(part, text);
    } catch (IOException e) {
      discard(part, file);
      throw e;
    }
    publish(part, file);
  }

  /**
   * Where to write the new content: a temporary file in the directory of the file, or of the target
   * of a symbolic link. Returns the file itself, to be written in place, if it is not a regular
   * file (a pipe, a device) or its directory is not writable. The same holds for an open file such
   * as {@code /dev/stdout}: a link in {@code /proc} leads to it, and others may write to it as
   * well.
   */
  public static Path beside(Path file) throws IOException {
    Optional<Path> replaceable = replaceable(file);
    if (replaceable.isEmpty()) {
      return file;
    }
    Path real = replaceable.get();
    Path folder = real.toAbsolutePath().getParent();
    boolean inPlace = Files.exists(real) && (folder == null || !Files.isWritable(folder));
    return inPlace ? file : real.resolveSibling(real.getFileName() + PART);
  }

  /** The target of all links, which may not exist yet; empty if it cannot be replaced. */
  private static Optional<Path> replaceable(Path file) throws IOException {
    Path each = file;
    for (int i = 0; i < MOST_LINKS; i++) {
      if (isOfTheSystem(each)) {
        return Optional.empty();
      }
      if (!Files.isSymbolicLink(each)) {
        boolean regular = Files.isRegularFile(each, LinkOption.NOFOLLOW_LINKS);
        boolean missing = !Files.exists(each, LinkOption.NOFOLLOW_LINKS);
        return regular || missing ? Optional.of(each) : Optional.empty();
      }
      each = each.resolveSibling(Files.readSymbolicLink(each));
    }
    return Optional.empty(); // A loop of links: opening the file reports it.
  }

  /** Whether it is in a file system of the kernel, such as {@code /proc}. */
  private static boolean isOfTheSystem(Path file) throws IOException {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null || !Files.exists(parent)) {
      return false;
    }
    Path folder = parent.toRealPath();
    return SYSTEM.stream().anyMatch(folder::startsWith) && !folder.startsWith(SHARED_MEMORY);
  }

  /**
   * Renames the temporary file of {@link #beside}. Where that is not permitted (a directory with
   * the sticky bit, a file that is a mount point), copies its content into the file.
   */
  public static void publish(Path part, Path file) throws IOException {
    if (part.equals(file)) {
      return;
    }
    Path real = replaceable(file).orElse(file);
    try {
      Files.move(part, real, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException _) {
      copy(part, real);
      discard(part, file);
    }
  }

  /** If the copy fails as well, the temporary file is kept. */
  private static void copy(Path part, Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      Files.copy(part, out);
    } catch (IOException e) {
      throw new IOException("%s; the new content is in %s".formatted(e.getMessage(), part), e);
    }
  }

  /** Deletes a temporary file whose content is incomplete. */
  public static void discard(Path part, Path file) throws IOException {
    if (!part.equals(file)) {
      Files.deleteIfExists(part);
    }
  }
}
