package iomodels.conformance;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import iomodels.time.Deadline;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A lock for the repetition of a timed rule. One thread of this machine holds it at a time: rules
 * that are repeated at the same time would disturb each other again.
 *
 * <p>It is a file lock, which ends with the process. If the file cannot be opened, the lock works
 * within this process only.
 */
final class TimedTurn implements AutoCloseable {

  private static final Path FILE =
      Path.of(System.getProperty("java.io.tmpdir"), "iomodels-timed-rules.lock");

  private static final Semaphore IN_THIS_PROCESS = new Semaphore(1, true);
  private static final long POLL_INTERVAL_MILLIS = 10;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Optional<FileChannel> locked;

  private TimedTurn(Optional<FileChannel> locked) {
    this.locked = locked;
  }

  /** Waits for the lock; closing it releases the lock. */
  static TimedTurn take() throws InterruptedException {
    return take(FILE);
  }

  /** Waits for the lock on another file than the kits of this machine share. */
  static TimedTurn take(Path path) throws InterruptedException {
    IN_THIS_PROCESS.acquire();
    try {
      return new TimedTurn(lock(path));
    } catch (InterruptedException | RuntimeException e) {
      IN_THIS_PROCESS.release();
      throw e;
    }
  }

  private static Optional<FileChannel> lock(Path path) throws InterruptedException {
    FileChannel file;
    try {
      file = FileChannel.open(path, CREATE, WRITE);
    } catch (IOException _) {
      return Optional.empty();
    }
    try {
      Deadline end = Deadline.in(PATIENCE);
      while (tryLock(file) == null) {
        if (end.isOver()) { // The other kit may be stopped, for instance by Ctrl-Z.
          close(file);
          return Optional.empty();
        }
        TimeUnit.MILLISECONDS.sleep(POLL_INTERVAL_MILLIS);
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
      return null; // Another copy of this class in this process holds it.
    }
  }

  private static void close(FileChannel file) {
    try {
      file.close();
    } catch (IOException _) {
      // The lock ends with the process.
    }
  }

  @Override
  public void close() {
    locked.ifPresent(TimedTurn::close);
    IN_THIS_PROCESS.release();
  }
}
