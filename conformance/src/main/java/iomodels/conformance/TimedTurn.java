package iomodels.conformance;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The right to repeat a rule about time. One thread of this machine has it at a time, in whatever
 * process: rules that are repeated together would disturb each other again.
 *
 * <p>The file lock ends with the process. Where the file cannot be opened, only the kits of this
 * process wait for each other.
 */
final class TimedTurn implements AutoCloseable {

  private static final Path FILE =
      Path.of(System.getProperty("java.io.tmpdir"), "iomodels-timed-rules.lock");

  private static final Semaphore IN_THIS_PROCESS = new Semaphore(1, true);
  private static final long BETWEEN_TRIES_MILLIS = 10;

  private final Optional<FileChannel> locked;

  private TimedTurn(Optional<FileChannel> locked) {
    this.locked = locked;
  }

  /** Waits for the turn; the caller closes it. */
  static TimedTurn take() throws InterruptedException {
    IN_THIS_PROCESS.acquire();
    try {
      return new TimedTurn(lock());
    } catch (InterruptedException | RuntimeException e) {
      IN_THIS_PROCESS.release();
      throw e;
    }
  }

  private static Optional<FileChannel> lock() throws InterruptedException {
    FileChannel file;
    try {
      file = FileChannel.open(FILE, CREATE, WRITE);
    } catch (IOException _) {
      return Optional.empty();
    }
    try {
      while (tryLock(file) == null) {
        TimeUnit.MILLISECONDS.sleep(BETWEEN_TRIES_MILLIS);
      }
      return Optional.of(file);
    } catch (IOException _) {
      close(file);
      return Optional.empty();
    } catch (InterruptedException e) {
      close(file);
      throw e;
    }
  }

  private static @Nullable FileLock tryLock(FileChannel file) throws IOException {
    try {
      return file.tryLock();
    } catch (OverlappingFileLockException _) {
      return null; // A second copy of this class in this process has it.
    }
  }

  private static void close(FileChannel file) {
    try {
      file.close();
    } catch (IOException _) {
      // The lock ends with the process, then.
    }
  }

  @Override
  public void close() {
    locked.ifPresent(TimedTurn::close);
    IN_THIS_PROCESS.release();
  }
}
