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
 * A FIFO that threads wait to open. open(2) blocks until the FIFO has a writer, and Java cannot
 * interrupt it. So helper threads block in open(2), and readers wait for them, interruptibly. Safe
 * for use by several threads.
 *
 * <p>Only a writer releases a thread from open(2), and it releases all threads that wait for the
 * same FIFO. So a cancelled reader leaves its helper thread to the remaining and to later readers;
 * the last reader releases all of them. There are never more helper threads than there were readers
 * at a time, even if the FIFO cannot be opened for writing.
 */
final class Fifo {

  private static final int RELEASE_TRIES = 100;
  private static final int RELEASE_MILLIS = 10;

  /** Those that somebody waits for; guarded by itself, as is all that they hold. */
  private static final Map<Path, Fifo> WAITED_FOR = new HashMap<>();

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
   * Opens a FIFO for reading, once it has a writer.
   *
   * @throws InterruptedException if the thread was interrupted while it waited for that
   */
  static FileChannel open(Path path) throws IOException, InterruptedException {
    Reader reader = new Reader();
    Fifo fifo;
    synchronized (WAITED_FOR) {
      fifo = WAITED_FOR.computeIfAbsent(path, Fifo::new);
      while (fifo.releasing) {
        WAITED_FOR.wait(); // It would be released as well.
        fifo = WAITED_FOR.computeIfAbsent(path, Fifo::new);
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

  /** In a thread of its own. */
  private void open() {
    CompletableFuture<FileChannel> opened = new CompletableFuture<>();
    try {
      opened.complete(FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
    } catch (Throwable e) {
      opened.completeExceptionally(e);
    }
    Reader reader;
    synchronized (WAITED_FOR) {
      opening--;
      reader = readers.poll();
      if (opening == 0 && readers.isEmpty()) {
        WAITED_FOR.remove(path, this);
      }
      WAITED_FOR.notifyAll();
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
    synchronized (WAITED_FOR) {
      if (!readers.remove(reader)) {
        var _ = reader.opened.thenAccept(Fifo::closeQuietly); // It has been opened meanwhile.
      } else if (readers.isEmpty()) {
        release();
      }
    }
  }

  /**
   * Is a writer for a moment: to open for both reading and writing does not block (fifo(7)). A FIFO
   * that was moved, or that may not be written to, keeps its threads for the next reader.
   */
  private void release() throws InterruptedException {
    releasing = true;
    try {
      for (int i = 0; i < RELEASE_TRIES && opening > 0; i++) {
        try (FileChannel _ =
            FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
          WAITED_FOR.wait(RELEASE_MILLIS); // A thread may not have come to its open(2) yet.
        }
      }
    } catch (IOException _) {
      // Its threads stay.
    } finally {
      releasing = false;
      WAITED_FOR.notifyAll();
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
