package iomodels.program;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/**
 * Opens the files that {@link Work.Read} may read: regular files and FIFOs that lie in the folder,
 * and not a device, nor what a symbolic link leads to outside of it. An interrupt ends the wait for
 * a FIFO's writer.
 */
final class ReadableFile {

  private static final int FILE_TYPE = 0170000; // S_IFMT, S_IFIFO: inode(7)
  private static final int FIFO = 0010000;
  private static final int RELEASE_TRIES = 100;
  private static final int RELEASE_MILLIS = 10;

  private ReadableFile() {}

  /**
   * Opens a file.
   *
   * @throws IOException if it cannot be read, or may not
   * @throws InterruptedException if the thread was interrupted while it waited for a FIFO's writer
   */
  static FileChannel open(Path file) throws IOException, InterruptedException {
    Path real = file.toRealPath();
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !real.startsWith(folder.toRealPath())) {
      throw new NoSuchFileException(file.toString(), null, "it lies outside the folder");
    }
    if (Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
      return FileChannel.open(real, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    }
    if (isFifo(real)) {
      return openFifo(real);
    }
    throw new NoSuchFileException(file.toString(), null, "neither a regular file nor a FIFO");
  }

  private static boolean isFifo(Path file) throws IOException {
    try {
      int mode = (int) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS);
      return (mode & FILE_TYPE) == FIFO;
    } catch (UnsupportedOperationException _) {
      return false; // No such attribute: this system has no FIFOs among its files.
    }
  }

  /**
   * open(2) of a FIFO blocks until there is a writer, and Java cannot interrupt it; so a thread of
   * its own does that, and this one waits for it.
   */
  private static FileChannel openFifo(Path fifo) throws IOException, InterruptedException {
    CompletableFuture<FileChannel> opened = new CompletableFuture<>();
    Runnable open =
        () -> {
          try {
            opened.complete(
                FileChannel.open(fifo, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
          } catch (IOException | RuntimeException e) {
            opened.completeExceptionally(e);
          }
        };
    try {
      Thread.ofPlatform().daemon().name("open-fifo").start(open);
    } catch (OutOfMemoryError e) { // "unable to create native thread": the heap is not involved.
      throw new IOException("no thread to open a FIFO", e);
    }
    try {
      return opened.get();
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    } catch (InterruptedException e) {
      CompletableFuture<Void> _ = opened.thenAccept(ReadableFile::closeQuietly);
      release(fifo, opened);
      throw e;
    }
  }

  /**
   * Ends the wait of the thread that opens the FIFO, by being a writer for a moment: to open for
   * both reading and writing does not block (fifo(7)). A FIFO that was moved meanwhile is not to be
   * found; then the thread waits on, for nobody.
   */
  private static void release(Path fifo, CompletableFuture<FileChannel> opened) {
    for (int i = 0; i < RELEASE_TRIES && !opened.isDone(); i++) {
      try (FileChannel _ =
          FileChannel.open(fifo, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        opened.get(RELEASE_MILLIS, MILLISECONDS);
      } catch (TimeoutException _) {
        // The thread may not have come to its open(2) yet.
      } catch (IOException | ExecutionException | InterruptedException _) {
        return; // It cannot be opened, or the server stops.
      }
    }
  }

  private static void closeQuietly(Closeable channel) {
    try {
      channel.close();
    } catch (IOException _) {
      // Nothing was written to it.
    }
  }
}
