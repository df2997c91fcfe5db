package iomodels.cli;

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
 * A folder that comes into being all at once: it is filled under another name beside its place, and
 * moved there when all is well. Closed before that, or ended by Ctrl-C, it leaves nothing behind,
 * nor a process that works on it.
 */
final class Draft implements AutoCloseable {

  private static final int SECONDS = 5;

  private final Path place;
  private final Path folder;
  private final Thread onEnd = new Thread(this::abandon);
  private boolean ended;

  Draft(Path parent, String name) throws IOException {
    place = parent.resolve(name);
    folder = Files.createDirectory(parent.resolve(".new-" + ProcessHandle.current().pid()));
    Runtime.getRuntime().addShutdownHook(onEnd);
  }

  /** Where it is until it is published. */
  Path folder() {
    return folder;
  }

  /** Writes files, by their paths in the folder. */
  synchronized void write(Map<String, String> files) throws IOException {
    demandNotEnded();
    for (Map.Entry<String, String> file : files.entrySet()) {
      Path path = folder.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
  }

  /**
   * Moves it to its place, and lets the rest of the build know of it; both, or neither. Ctrl-C
   * waits until that is done.
   *
   * @throws IOException if one of it failed; what had been done is undone
   */
  synchronized void publish(Wiring wiring) throws IOException {
    demandNotEnded();
    Files.move(folder, place, StandardCopyOption.ATOMIC_MOVE);
    try {
      wiring.apply();
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
      // The JVM is ending already.
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
      // The JVM ends: nobody is left who could do more.
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
