package iomodels.program;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Opens the files that {@link OffloadRequest.Read} and {@link HttpRoute.Resource} may read: regular
 * files and, for the former, FIFOs inside the folder. Devices are refused, and so are symbolic
 * links that point outside the folder. An interrupt ends the wait for a FIFO's writer.
 */
final class ReadableFile {

  private static final int FILE_TYPE = 0170000; // S_IFMT, S_IFIFO: inode(7)
  private static final int FIFO = 0010000;

  private ReadableFile() {}

  /**
   * Opens a file. Blocks if the file is a FIFO without a writer.
   *
   * @throws IOException if the file cannot be read, or clients are not allowed to read it
   * @throws InterruptedException if the thread was interrupted while it waited for a FIFO's writer
   */
  static FileChannel open(Path file) throws IOException, InterruptedException {
    Path real = inFolder(file);
    return isFifo(real) ? Fifo.open(real) : openRegular(file);
  }

  /**
   * Opens a regular file; does not open FIFOs.
   *
   * @throws IOException if the file cannot be read, or clients are not allowed to read it
   */
  static FileChannel openRegular(Path file) throws IOException {
    return FileChannel.open(regular(file), StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
  }

  /** Returns a regular file without links in its path. */
  static Path regular(Path file) throws IOException {
    Path real = inFolder(file);
    if (!Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
      throw new NoSuchFileException(file.toString(), null, "not a regular file");
    }
    return real;
  }

  /** Follows the links of a file that lies in the folder. */
  private static Path inFolder(Path file) throws IOException {
    Path real = file.toRealPath();
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !real.startsWith(folder.toRealPath())) {
      throw new NoSuchFileException(file.toString(), null, "it lies outside the folder");
    }
    return real;
  }

  private static boolean isFifo(Path file) throws IOException {
    try {
      int mode = (int) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS);
      return (mode & FILE_TYPE) == FIFO;
    } catch (UnsupportedOperationException _) {
      return false; // This system has no file modes, and so no FIFOs in the file system.
    }
  }
}
