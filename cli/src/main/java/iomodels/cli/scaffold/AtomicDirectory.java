package iomodels.cli.scaffold;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A directory that appears complete or not at all: it is filled under a temporary name, and then
 * renamed. If it is closed before that, or Ctrl-C ends the program, the temporary directory is
 * deleted, and processes that work on it are killed.
 */
public final class AtomicDirectory implements AutoCloseable {

  private static final int SECONDS = 5;

  private final Path place;
  private final Path folder;
  private final Thread onEnd = new Thread(this::abandon);
  private boolean ended;

  /**
   * Creates the temporary directory.
   *
   * @param parent an existing directory
   * @param name name of the directory that will appear in it
   */
  public AtomicDirectory(Path parent, String name) throws IOException {
    place = parent.resolve(name);
    folder = Files.createDirectory(parent.resolve(".new-" + ProcessHandle.current().pid()));
    Runtime.getRuntime().addShutdownHook(onEnd);
  }

  /** The temporary directory. */
  public Path folder() {
    return folder;
  }

  /** Writes files, given by their paths in the directory. */
  public synchronized void write(Map<String, String> files) throws IOException {
    demandNotEnded();
    for (Map.Entry<String, String> file : files.entrySet()) {
      Path path = folder.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
  }

  /**
   * Renames the directory to its final name, and registers the module with the build; both, or
   * neither. Ctrl-C waits until that is done.
   *
   * @throws IOException if one of them failed; the other has then been undone
   */
  public synchronized void publish(BuildRegistration registration) throws IOException {
    demandNotEnded();
    Files.move(folder, place, StandardCopyOption.ATOMIC_MOVE);
    try {
      registration.apply();
    } catch (IOException e) {
      Files.move(place, folder, StandardCopyOption.ATOMIC_MOVE);
      throw e;
    }
  }

  private void demandNotEnded() throws IOException {
    if (ended) {
      throw new IOException("stopped");
    }
  }

  @Override
  public void close() throws IOException {
    delete();
    try {
      Runtime.getRuntime().removeShutdownHook(onEnd);
    } catch (IllegalStateException _) {
      // The JVM is shutting down: the hook is running.
    }
  }

  private void abandon() {
    List<ProcessHandle> workers = ProcessHandle.current().descendants().toList();
    workers.forEach(ProcessHandle::destroyForcibly);
    CompletableFuture<?>[] ends =
        workers.stream().map(ProcessHandle::onExit).toArray(CompletableFuture[]::new);
    CompletableFuture.allOf(ends).completeOnTimeout(null, SECONDS, TimeUnit.SECONDS).join();
    try {
      delete();
    } catch (IOException _) {
      // The JVM is shutting down: nothing can report this.
    }
  }

  private synchronized void delete() throws IOException {
    ended = true;
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : deepestFirst) {
        Files.deleteIfExists(file);
      }
    }
  }
}
