package iomodels.program;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * A FIFO that readers are waiting to open. open(2) blocks until the FIFO has a writer, and Java
 * cannot interrupt it. So helper threads block in open(2), and readers wait interruptibly for their
 * results. Safe for use by several threads.
 *
 * <p>Only a writer releases a thread from open(2), and it releases all threads that wait for the
 * same FIFO. So the helper thread of a cancelled reader stays available to other readers; when the
 * last reader is cancelled, all helper threads are released. A FIFO never has more helper threads
 * than it has had readers at one time, even if it cannot be opened for writing.
 */
final class Fifo {

  private static final int RELEASE_TRIES = 100;
  private static final int RELEASE_MILLIS = 10;

  /** The FIFOs that have helper threads or readers. Guards itself and the state of these FIFOs. */
  private static final Map<Path, Fifo> FIFOS = new HashMap<>();

  private final Path path;
  private final Queue<Reader> readers = new ArrayDeque<>();
  private int opening;
  private boolean releasing;

  /** A waiting reader; compared by identity. */
  private static final class Reader {
    private final CompletableFuture<FileChannel> opened = new CompletableFuture<>();
  }

  private Fifo(Path path) {
    this.path = path;
  }

  /**
   * Opens a FIFO for reading. Blocks until the FIFO has a writer.
   *
   * @throws InterruptedException if the thread was interrupted while it waited for a writer
   */
  static FileChannel open(Path path) throws IOException, InterruptedException {
    Reader reader = new Reader();
    Fifo fifo;
    synchronized (FIFOS) {
      fifo = FIFOS.computeIfAbsent(path, Fifo::new);
      while (fifo.releasing) {
        FIFOS.wait(); // The release would open the FIFO for this reader, too.
        fifo = FIFOS.computeIfAbsent(path, Fifo::new);
      }
      fifo.add(reader);
    }
    try {
      return reader.opened.get();
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    } catch (InterruptedException e) {
      fifo.cancel(reader);
      throw e;
    }
  }

  private void add(Reader reader) throws IOException {
    readers.add(reader);
    if (opening < readers.size()) {
      try {
        Thread.ofPlatform().daemon().name("open-fifo").start(this::open);
        opening++;
      } catch (OutOfMemoryError e) { // "unable to create native thread": the heap is not involved.
        readers.remove(reader);
        throw new IOException("no thread to open a FIFO", e);
      }
    }
  }

  /** Runs in a helper thread. */
  private void open() {
    CompletableFuture<FileChannel> opened = new CompletableFuture<>();
    try {
      opened.complete(FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
    } catch (Throwable e) {
      opened.completeExceptionally(e);
    }
    Reader reader;
    synchronized (FIFOS) {
      opening--;
      reader = readers.poll();
      if (opening == 0 && readers.isEmpty()) {
        FIFOS.remove(path, this);
      }
      FIFOS.notifyAll();
    }
    var _ =
        opened.whenComplete(
            (channel, failure) -> {
              if (failure != null) {
                if (reader != null) {
                  reader.opened.completeExceptionally(failure);
                }
              } else if (reader == null || !reader.opened.complete(channel)) {
                closeQuietly(channel);
              }
            });
  }

  private void cancel(Reader reader) throws InterruptedException {
    synchronized (FIFOS) {
      if (!readers.remove(reader)) {
        var _ = reader.opened.thenAccept(Fifo::closeQuietly); // It has just been opened.
      } else if (readers.isEmpty()) {
        release();
      }
    }
  }

  /**
   * Releases the helper threads by opening the FIFO for reading and writing, which does not block
   * (fifo(7)). If the FIFO has been moved or is not writable, its helper threads remain for the
   * next reader.
   */
  private void release() throws InterruptedException {
    releasing = true;
    try {
      for (int i = 0; i < RELEASE_TRIES && opening > 0; i++) {
        try (FileChannel _ =
            FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
          FIFOS.wait(RELEASE_MILLIS); // A thread may not have reached its open(2) yet.
        }
      }
    } catch (IOException _) {
      // The helper threads remain.
    } finally {
      releasing = false;
      FIFOS.notifyAll();
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
