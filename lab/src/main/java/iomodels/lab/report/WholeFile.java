package iomodels.lab.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Replaces a file as a whole: the content is written to a file beside it, which then takes its
 * name. If the disk is full, or the program is ended meanwhile, the old content is still there.
 */
public final class WholeFile {

  private static final String PART = ".part";

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
   * Where to write the new content: a file beside the old one, or beside what a link leads to. A
   * device, and a file in a folder where none can be made, can only be written in place.
   */
  public static Path beside(Path file) throws IOException {
    if (!Files.exists(file)) {
      return file.resolveSibling(file.getFileName() + PART);
    }
    Path real = file.toRealPath();
    Path folder = real.getParent();
    boolean replaceable = Files.isRegularFile(real) && folder != null && Files.isWritable(folder);
    return replaceable ? real.resolveSibling(real.getFileName() + PART) : file;
  }

  /** Gives the new content, written to {@link #beside}, the file's name. */
  public static void publish(Path part, Path file) throws IOException {
    if (part.equals(file)) {
      return;
    }
    Path real = Files.exists(file) ? file.toRealPath() : file;
    try {
      Files.move(part, real, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      discard(part, file);
      throw e;
    }
  }

  /** Removes new content that is not complete. */
  public static void discard(Path part, Path file) throws IOException {
    if (!part.equals(file)) {
      Files.deleteIfExists(part);
    }
  }
}
