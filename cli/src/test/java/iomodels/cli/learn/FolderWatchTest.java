package iomodels.cli.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class FolderWatchTest {

  @TempDir private Path folder;
  private Path server;
  private FolderWatch watch;

  /** What each call has not counted; it is known before the call waits. */
  private final BlockingQueue<Set<Path>> notCounted = new LinkedBlockingQueue<>();

  @BeforeEach
  void watch() throws IOException {
    server = folder.resolve("server.py");
    Files.writeString(server, "1");
    watch = new FolderWatch(folder);
  }

  private CompletableFuture<Set<Path>> awaiting() {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return watch.awaitChange(notCounted::add);
          } catch (IOException | InterruptedException e) {
            throw new CompletionException(e);
          }
        });
  }

  @Test
  void newChangedAndDeletedFilesAreChanges() throws Exception {
    Files.writeString(folder.resolve("new.py"), "1");
    assertThat(watch.awaitChange(_ -> {})).containsExactly(Path.of("new.py"));

    Files.writeString(server, "other");
    assertThat(watch.awaitChange(_ -> {})).containsExactly(Path.of("server.py"));

    Files.delete(folder.resolve("new.py"));
    assertThat(watch.awaitChange(_ -> {})).containsExactly(Path.of("new.py"));
  }

  @Test
  void filesOfToolsAreNone() throws Exception {
    for (String ignored : Set.of(".git", "target", "node_modules", "__pycache__")) {
      Files.writeString(Files.createDirectory(folder.resolve(ignored)).resolve("file"), "1");
    }
    Files.writeString(folder.resolve(LadderProgress.FILE), "{}");
    CompletableFuture<Set<Path>> changes = awaiting();
    assertThat(notCounted.poll(60, TimeUnit.SECONDS)).isEmpty();
    demandThatItWaits(changes);

    Files.writeString(server, "other");

    assertThat(changes.get(60, TimeUnit.SECONDS)).containsExactly(Path.of("server.py"));
  }

  /** Otherwise a server that writes a log would be judged for ever. */
  @Test
  void whatTheServerWritesEachTimeIsJudgedOnce() throws Exception {
    Path log = folder.resolve("server.log");
    Files.writeString(log, "1");
    assertThat(watch.awaitChange(_ -> {})).containsExactly(Path.of("server.log"));

    Files.writeString(log, "one more");
    CompletableFuture<Set<Path>> changes = awaiting();
    assertThat(notCounted.poll(60, TimeUnit.SECONDS)).containsExactly(Path.of("server.log"));
    demandThatItWaits(changes);

    Files.writeString(server, "other");
    assertThat(changes.get(60, TimeUnit.SECONDS)).containsExactly(Path.of("server.py"));
  }

  /** Otherwise a server whose log the user has deleted would be judged for ever. */
  @Test
  void whatTheServerWritesIsItsOwnAgainAfterTheUserHasChangedIt() throws Exception {
    Path log = folder.resolve("server.log");
    Files.writeString(log, "1");
    assertThat(watch.awaitChange(_ -> {})).containsExactly(Path.of("server.log"));
    Files.writeString(log, "12");
    CompletableFuture<Set<Path>> changes = awaiting();
    assertThat(notCounted.poll(60, TimeUnit.SECONDS)).containsExactly(Path.of("server.log"));
    Files.delete(log);
    assertThat(changes.get(60, TimeUnit.SECONDS)).containsExactly(Path.of("server.log"));

    Files.writeString(log, "123");
    assertThat(watch.awaitChange(_ -> {})).containsExactly(Path.of("server.log"));
    Files.writeString(log, "1234");
    CompletableFuture<Set<Path>> others = awaiting();

    assertThat(notCounted.poll(60, TimeUnit.SECONDS)).containsExactly(Path.of("server.log"));
    Files.writeString(server, "other");
    assertThat(others.get(60, TimeUnit.SECONDS)).containsExactly(Path.of("server.py"));
  }

  private static void demandThatItWaits(CompletableFuture<Set<Path>> changes) {
    assertThatThrownBy(() -> changes.get(1, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
  }
}
