package iomodels.conformance.targets;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.process.TemporaryFolder;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Ahead-of-time caches (JEP 514) for JVMs that are started for one test: they reduce the start time
 * to a third. The first JVM waits until its cache has been created, which takes a few seconds.
 *
 * <p>The system property {@code iomodels.caches} names a folder in which the caches stay for the
 * next kit; without it, or if it is not writable, they are deleted when this JVM ends.
 */
final class AheadOfTime {

  private static final String FOLDER = "iomodels.caches";
  private static final Duration TIME_LIMIT = Duration.ofSeconds(60);

  private static final Map<List<String>, CompletableFuture<List<String>>> CACHES =
      new ConcurrentHashMap<>();

  private AheadOfTime() {}

  /**
   * Returns the flags that make a JVM use the cache. Empty if the cache cannot be created, for
   * instance for modules in folders.
   *
   * @param users properties that JVMs with the same cache have in common, besides the module path
   * @param command returns a command with additional flags; the command must end at the end of its
   *     input
   * @param input input of that command
   */
  static List<String> flags(List<String> users, UnaryOperator<List<String>> command, String input)
      throws InterruptedException {
    // In a thread of its own: an interrupt of one caller must not take the cache from the others.
    CompletableFuture<List<String>> cache =
        CACHES.computeIfAbsent(
            users,
            _ ->
                CompletableFuture.supplyAsync(
                    () -> find(users, command, input), Thread::startVirtualThread));
    try {
      return cache.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  private static List<String> find(
      List<String> users, UnaryOperator<List<String>> command, String input) {
    try {
      Optional<Path> kept = keptFolder();
      if (kept.isEmpty()) {
        TemporaryFolder untilExit = TemporaryFolder.create("cache");
        return make(untilExit.resolve("host.aot"), command, input);
      }
      Path cache = kept.get().resolve(key(users) + ".aot");
      return Files.exists(cache) ? use(cache) : make(cache, command, input);
    } catch (IOException | UncheckedIOException _) {
      return List.of();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }

  /** The folder of the property; empty if there is none, or if it cannot be written. */
  static Optional<Path> keptFolder() {
    String kept = System.getProperty(FOLDER);
    if (kept == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(Files.createDirectories(Path.of(kept))).filter(Files::isWritable);
    } catch (IOException _) {
      return Optional.empty();
    }
  }

  /**
   * Includes the times of the jars: a JVM may run old classes from a cache if a jar has changed.
   */
  private static String key(List<String> users) throws IOException {
    List<String> parts = new ArrayList<>(users);
    parts.add(Runtime.version().toString());
    parts.add(System.getProperty("java.home"));
    for (String entry : Jvm.modulePath().split(File.pathSeparator, -1)) {
      try (Stream<Path> files = Files.walk(Path.of(entry), 1)) {
        for (Path file : files.sorted().toList()) {
          BasicFileAttributes it = Files.readAttributes(file, BasicFileAttributes.class);
          parts.add("%s %s %d".formatted(file, it.lastModifiedTime(), it.size()));
        }
      }
    }
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(String.join("\n", parts).getBytes(UTF_8));
      return HexFormat.of().formatHex(hash, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Creates the cache under a temporary name, so that no other kit uses an incomplete one. */
  private static List<String> make(Path cache, UnaryOperator<List<String>> command, String input)
      throws IOException, InterruptedException {
    Path half = cache.resolveSibling("%s.%d".formatted(cache.getFileName(), pid()));
    Path crash = cache.resolveSibling("crash.log");
    ManagedProcess child =
        ManagedProcess.expendable(
            command.apply(List.of("-XX:AOTCacheOutput=" + half, "-XX:ErrorFile=" + crash)));
    try {
      child.input().write(input.getBytes(UTF_8));
      child.endInput();
      if (!child.awaitEnd(TIME_LIMIT) || child.exitCode() != 0) {
        return List.of();
      }
      Files.move(half, cache, StandardCopyOption.ATOMIC_MOVE);
      return use(cache);
    } finally {
      child.kill(); // SIGTERM may crash a JVM that writes its cache.
      Files.deleteIfExists(half);
      Files.deleteIfExists(half.resolveSibling(half.getFileName() + ".config"));
    }
  }

  private static long pid() {
    return ProcessHandle.current().pid();
  }

  private static List<String> use(Path cache) {
    return List.of("-XX:AOTCache=" + cache);
  }
}
