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
 * Replaces a file as a whole: the content is written to a file beside it, which then takes its
 * name. If the disk is full, or the program is ended meanwhile, the old content is still there.
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
   * @throws IOException if it cannot be written; what was there before is unchanged
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
   * Where to write the new content: a file beside the old one, or beside what a link leads to. What
   * is no file, such as a pipe or a device, and a file in a folder where none can be made, can only
   * be written in place. So can what is open already, as {@code /dev/stdout}: a link in {@code
   * /proc} leads to an open file, which a shell may have opened for more than this.
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

  /** What is to be replaced, which may not exist yet: the end of all links. */
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
    return Optional.empty(); // They lead nowhere: who opens it is told so.
  }

  /** Whether it lies where there are no files on a disk, however one gets there. */
  private static boolean isOfTheSystem(Path file) throws IOException {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null || !Files.exists(parent)) {
      return false;
    }
    Path folder = parent.toRealPath();
    return SYSTEM.stream().anyMatch(folder::startsWith) && !folder.startsWith(SHARED_MEMORY);
  }

  /**
   * Gives the new content, written to {@link #beside}, the file's name. Where that is not permitted
   * (a folder with the sticky bit, a file that is a mount point), it is copied into the file.
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

  /** If the copy fails too, the new content is kept beside the file, in full. */
  private static void copy(Path part, Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      Files.copy(part, out);
    } catch (IOException e) {
      throw new IOException("%s; it is in %s".formatted(e.getMessage(), part), e);
    }
  }

  /** Removes new content that is not complete. */
  public static void discard(Path part, Path file) throws IOException {
    if (!part.equals(file)) {
      Files.deleteIfExists(part);
    }
  }
}
