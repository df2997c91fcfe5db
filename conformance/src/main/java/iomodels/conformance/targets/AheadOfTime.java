package iomodels.conformance.targets;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/**
 * Ahead-of-time caches (JEP 514) for the JVMs that are started for one test: they start in a third
 * of the time. One for each way to start one, made in the background while the first of them run
 * without it, and gone with this JVM.
 */
final class AheadOfTime {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final Map<String, CompletableFuture<List<String>>> CACHES = new HashMap<>();

  private AheadOfTime() {}

  /**
   * The flags that make a JVM use the cache; none while there is no cache yet, and where none can
   * be made, such as for modules in folders.
   *
   * @param way what has to be the same for a JVM to use it: the module path, and the flags
   * @param command makes the command that the cache is made for out of such flags; it has to end by
   *     itself once its input does
   */
  static synchronized List<String> flags(String way, UnaryOperator<List<String>> command) {
    return CACHES
        .computeIfAbsent(
            way,
            _ -> CompletableFuture.supplyAsync(() -> make(command), Thread::startVirtualThread))
        .getNow(List.of());
  }

  private static List<String> make(UnaryOperator<List<String>> command) {
    try {
      Path folder = Files.createTempDirectory("iomodels-cache");
      Path cache = folder.resolve("host.aot");
      Path onTheWay = folder.resolve("host.aot.config");
      Path crash = folder.resolve("crash.log");
      // In reverse order, and after the children have been ended.
      List.of(folder, cache, onTheWay, crash).forEach(it -> it.toFile().deleteOnExit());
      List<String> flags = List.of("-XX:AOTCacheOutput=" + cache, "-XX:ErrorFile=" + crash);
      ManagedProcess child = ManagedProcess.expendable(command.apply(flags));
      try {
        child.endInput();
        return child.awaitEnd(LIMIT) && child.exitCode() == 0
            ? List.of("-XX:AOTCache=" + cache)
            : List.of();
      } finally {
        child.kill(); // A JVM that writes its cache may crash at SIGTERM.
      }
    } catch (IOException _) {
      return List.of();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }
}
