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
import java.util.ArrayList;
import java.util.List;
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
    makeFifos(List.of(path));
    return of(path, patience, transcript);
  }

  /** Creates the object for a FIFO that exists. */
  static SlowFile of(Path path, Duration patience, Transcript transcript) {
    SlowFile file = new SlowFile(path, patience, transcript);
    Thread.ofPlatform().daemon().start(file::awaitReader); // open(2) blocks.
    return file;
  }

  /** Creates FIFOs, all with one process. */
  static void makeFifos(List<Path> paths) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("mkfifo"));
    paths.forEach(it -> command.add(it.toString()));
    try {
      if (new ProcessBuilder(command).start().waitFor() != 0) {
        throw new IOException("mkfifo did not make " + paths);
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
    if (!isReadWithin(patience)) {
      throw Broken.late(
          "the program to read " + name(), "it did not for %,d ms".formatted(patience.toMillis()));
    }
  }

  /** Returns whether the program has opened the file for reading, or does within this time. */
  public boolean isReadWithin(Duration time) throws IOException, InterruptedException {
    boolean isRead = isOpenedWithin(time);
    if (isRead) {
      transcript.add("kit", name() + " is being read");
    }
    return isRead;
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

  /**
   * Provides the beginning of the content to the blocked reader, which has to wait for the rest.
   * Must be called after {@link #expectReader}; the content must fit into a pipe.
   */
  public void begin(String content) throws Broken {
    try {
      opened.join().write(content.getBytes(UTF_8));
      transcript.add("kit", "writes the beginning of " + name());
    } catch (IOException e) {
      throw new Broken(
          "the program to read %s to its end".formatted(name()),
          "writing to it failed: %s".formatted(e.getMessage()));
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
