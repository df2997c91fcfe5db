package iomodels.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A file whose readers block until the kit releases it. It is a FIFO, which blocks its reader until
 * data is written, and its writer until a reader opens it (fifo(7)).
 */
public final class SlowFile implements AutoCloseable {

  private final Path path;
  private final Duration patience;
  private final Transcript transcript;
  private final CompletableFuture<OutputStream> opened = new CompletableFuture<>();
  private boolean released;

  private SlowFile(Path path, Duration patience, Transcript transcript) {
    this.path = path;
    this.patience = patience;
    this.transcript = transcript;
  }

  static SlowFile in(Path folder, String name, Duration patience, Transcript transcript)
      throws IOException, InterruptedException {
    Path path = folder.resolve(name);
    makeFifo(path);
    SlowFile file = new SlowFile(path, patience, transcript);
    Thread.ofPlatform().daemon().start(file::awaitReader); // open(2) blocks.
    return file;
  }

  static void makeFifo(Path path) throws IOException, InterruptedException {
    try {
      if (new ProcessBuilder("mkfifo", path.toString()).start().waitFor() != 0) {
        throw new IOException("mkfifo did not make " + path);
      }
    } catch (IOException e) {
      throw new Inconclusive("a FIFO needs mkfifo (Debian: coreutils): " + e.getMessage(), e);
    }
  }

  private void awaitReader() {
    try {
      opened.complete(new FileOutputStream(path.toFile()));
    } catch (IOException e) {
      opened.completeExceptionally(e);
    }
  }

  /** Returns the name of the file. */
  public String name() {
    return path.getFileName().toString();
  }

  /** Demands that the program opens the file for reading. */
  public void expectReader() throws Broken, IOException, InterruptedException {
    if (!isOpenedWithin(patience)) {
      throw Broken.late(
          "the program to read " + name(), "it did not for %,d ms".formatted(patience.toMillis()));
    }
    transcript.add("kit", name() + " is being read");
  }

  /** Demands that the program does not open the file for this long. */
  public void expectNoReader(Duration time) throws Broken, IOException, InterruptedException {
    if (isOpenedWithin(time)) {
      throw new Broken(name() + " not to be read yet", "it was opened");
    }
    transcript.add("kit", "%s is not read for %,d ms".formatted(name(), time.toMillis()));
  }

  private boolean isOpenedWithin(Duration time) throws IOException, InterruptedException {
    try {
      opened.get(time.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException _) {
      return false;
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    }
  }

  /** Provides the content to blocked and later readers; must be called once at most. */
  public void release(String content) throws IOException {
    transcript.add("kit", name() + " can be read");
    Path fifo = path.resolveSibling(name() + ".fifo");
    Path file = path.resolveSibling(name() + ".file");
    Files.writeString(file, content);
    Files.move(path, fifo);
    Files.move(file, path, StandardCopyOption.ATOMIC_MOVE);
    // Opening a FIFO for reading and writing does not block, and unblocks a waiting writer.
    try (FileChannel _ = FileChannel.open(fifo, StandardOpenOption.READ, StandardOpenOption.WRITE);
        OutputStream out = opened.join()) {
      out.write(content.getBytes(UTF_8));
    }
    released = true;
    Files.delete(fifo);
  }

  @Override
  public void close() throws IOException {
    if (!released) {
      release("");
    }
  }
}
