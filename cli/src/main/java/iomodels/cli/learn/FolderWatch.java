package iomodels.cli.learn;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Waits until a file of a project changes. It compares times and sizes now and then: that works the
 * same on every system, in containers and on network drives, and needs no event per folder.
 */
public final class FolderWatch {

  private static final Set<String> IGNORED =
      Set.of("target", "build", "node_modules", "__pycache__", "venv");

  private static final Duration INTERVAL = Duration.ofMillis(250);

  private final Path folder;
  private Map<Path, State> known;
  private Set<Path> changedMeanwhile = Set.of();
  private boolean changedAtRest;

  /** Files that have changed while no server ran: the user changes them. */
  private final Set<Path> ofUser = new TreeSet<>();

  /** A file as it was. */
  private record State(FileTime modified, long size) {}

  /** Remembers the files of a folder as they are now. */
  public FolderWatch(Path folder) throws IOException {
    this.folder = folder;
    known = states();
  }

  /**
   * Waits until files have changed since the last call, and then until they are at rest: an editor
   * may write several, and a compiler many.
   *
   * <p>Files that have changed before this call, while the server was judged, count as well: the
   * user may have saved them. If they had also changed before the call before, and never while no
   * server ran, they are taken for what the server itself writes, and do not count. A file that the
   * user has changed once is one of the server's again if it changes in a run that no change of the
   * user has caused.
   *
   * @param notCounted receives, before the wait, the files that have changed and do not count;
   *     maybe none
   * @return the files that have changed, relative to the folder
   */
  public Set<Path> awaitChange(Consumer<Set<Path>> notCounted)
      throws IOException, InterruptedException {
    Map<Path, State> now = states();
    Set<Path> meanwhile = changed(known, now);
    if (!changedAtRest) {
      ofUser.removeIf(it -> meanwhile.contains(it) && changedMeanwhile.contains(it));
    }
    boolean isOfServer =
        changedMeanwhile.containsAll(meanwhile) && Collections.disjoint(meanwhile, ofUser);
    if (isOfServer) {
      known = now;
    }
    changedMeanwhile = meanwhile;
    notCounted.accept(isOfServer ? meanwhile : Set.of());
    Map<Path, State> atRest = now;
    while (now.equals(known)) {
      Thread.sleep(INTERVAL);
      now = states();
    }
    Map<Path, State> before;
    do {
      before = now;
      Thread.sleep(INTERVAL);
      now = states();
    } while (!now.equals(before));
    Set<Path> changes = changed(known, now);
    Set<Path> byUser = changed(atRest, now);
    changedAtRest = !byUser.isEmpty();
    ofUser.addAll(byUser);
    known = now;
    return changes;
  }

  private static Set<Path> changed(Map<Path, State> before, Map<Path, State> now) {
    Set<Path> changed = new TreeSet<>(before.keySet());
    changed.addAll(now.keySet());
    changed.removeIf(it -> before.containsKey(it) && before.get(it).equals(now.get(it)));
    return changed;
  }

  private Map<Path, State> states() throws IOException {
    Map<Path, State> states = new HashMap<>();
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) {
            return !dir.equals(folder) && isIgnored(dir)
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (!isIgnored(file)) {
              State state = new State(attributes.lastModifiedTime(), attributes.size());
              states.put(folder.relativize(file), state);
            }
            return FileVisitResult.CONTINUE;
          }

          // A file may be gone by now, or not readable.
          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE;
          }
        });
    return states;
  }

  /** Hidden files, among them those of git and of the progress, and what tools generate. */
  private static boolean isIgnored(Path path) {
    String name = String.valueOf(path.getFileName());
    return name.startsWith(".") || IGNORED.contains(name);
  }
}
