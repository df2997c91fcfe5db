package iomodels.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A folder that comes into being all at once: it is filled under another name beside its place, and
 * moved there when all is well. Closed before that, or ended by Ctrl-C, it leaves nothing behind.
 */
final class Draft implements AutoCloseable {

  private final Path parent;
  private final Path place;
  private final Path folder;
  private final Thread onEnd = new Thread(this::delete);

  Draft(Path parent, String name) throws IOException {
    this.parent = parent;
    place = parent.resolve(name);
    folder = Files.createTempDirectory(parent, ".new-");
    Runtime.getRuntime().addShutdownHook(onEnd);
  }

  /** Where it is until it is published. */
  Path folder() {
    return folder;
  }

  /** Writes files, by their paths in the folder. */
  void write(Map<String, String> files) throws IOException {
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
    // A temporary folder is its owner's alone; a module is as open as the rest.
    Files.setPosixFilePermissions(folder, Files.getPosixFilePermissions(parent));
    Files.move(folder, place, StandardCopyOption.ATOMIC_MOVE);
    try {
      wiring.apply();
    } catch (IOException e) {
      Files.move(place, folder, StandardCopyOption.ATOMIC_MOVE);
      throw e;
    }
  }

  @Override
  public void close() {
    delete();
    try {
      Runtime.getRuntime().removeShutdownHook(onEnd);
    } catch (IllegalStateException _) {
      // The JVM is ending already.
    }
  }

  private synchronized void delete() {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : deepestFirst) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
