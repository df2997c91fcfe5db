package iomodels.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TimedTurnTest {

  private static final Set<Thread.State> WAITING =
      EnumSet.of(Thread.State.WAITING, Thread.State.TIMED_WAITING);

  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void chooseAFile() {
    file = folder.resolve("lock");
  }

  @Test
  void oneThreadHasTheTurnAtATime() throws Exception {
    CompletableFuture<Boolean> taken = new CompletableFuture<>();
    Thread other = new Thread(() -> take(taken));
    try (TimedTurn _ = TimedTurn.take(file)) {
      other.start();
      while (!WAITING.contains(other.getState()) && !taken.isDone()) {
        Thread.onSpinWait();
      }
      assertThat(taken).isNotDone();
    }
    assertThat(taken.get()).isTrue();
    other.join();
  }

  private void take(CompletableFuture<Boolean> taken) {
    try (TimedTurn _ = TimedTurn.take(file)) {
      taken.complete(true);
    } catch (InterruptedException e) {
      taken.completeExceptionally(e);
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void otherProcessesSeeTheLock() throws Exception {
    try (TimedTurn _ = TimedTurn.take(file);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      assertThatThrownBy(channel::tryLock).isInstanceOf(OverlappingFileLockException.class);
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      assertThat(channel.tryLock()).isNotNull();
    }
  }
}
