package iomodels.program;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OffloadRequestTest {

  private static final int TIMEOUT_SECONDS = 60;

  @TempDir private Path parent;

  private final ExecutorService worker = Executors.newSingleThreadExecutor();

  @AfterEach
  void endWorker() {
    worker.shutdownNow();
  }

  private OffloadRequest.Task task(String line) throws Exception {
    return (OffloadRequest.Task) OffloadRequest.parse(line, folder()).orElseThrow();
  }

  private Path folder() throws Exception {
    return Files.createDirectories(parent.resolve("folder"));
  }

  private void fifo(String name) throws Exception {
    Process mkfifo = new ProcessBuilder("mkfifo", folder().resolve(name).toString()).start();
    assertThat(mkfifo.waitFor()).isZero();
  }

  /** Cancels a task, and asserts that its worker then runs another. */
  private void assertCancellable(String line) throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    Future<String> cancelled =
        worker.submit(
            () -> {
              begun.countDown();
              return task(line).answer();
            });
    assertThat(begun.await(TIMEOUT_SECONDS, SECONDS)).isTrue();
    cancelled.cancel(true);
    assertThatThrownBy(cancelled::get).isInstanceOf(CancellationException.class);
    Future<String> next = worker.submit(() -> task("hash 1 a").answer());
    assertThat(next.get(TIMEOUT_SECONDS, SECONDS))
        .isEqualTo("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\n");
  }

  @Test
  void anInterruptEndsTheWaitForAWriter() throws Exception {
    fifo("waits");
    assertCancellable("read waits");
  }

  @Test
  void anInterruptEndsTheWaitForAWriterThatWritesNothing() throws Exception {
    fifo("open");
    try (var _ =
        FileChannel.open(
            folder().resolve("open"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      assertCancellable("read open");
    }
  }

  @Test
  void otherReadersKeepWaitingWhenOneIsCancelled() throws Exception {
    fifo("shared");
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      Future<String> waits = other.submit(() -> task("read shared").answer());
      awaitOpeners(1);
      assertCancellable("read shared");
      assertThat(waits.isDone()).isFalse();
      Files.writeString(folder().resolve("shared"), "a");
      assertThat(waits.get(TIMEOUT_SECONDS, SECONDS)).isEqualTo(task("hash 1 a").answer());
    } finally {
      other.shutdownNow();
    }
  }

  private static void awaitOpeners(long wanted) {
    while (Thread.getAllStackTraces().keySet().stream()
            .filter(it -> it.getName().equals("open-fifo"))
            .count()
        < wanted) {
      Thread.onSpinWait();
    }
  }

  @Test
  void anInterruptEndsAHash() throws Exception {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> task("hash 10000000 a").answer())
        .isInstanceOf(InterruptedException.class);
  }

  @Test
  void aFifoIsReadToItsEnd() throws Exception {
    fifo("pipe");
    Future<String> answer = worker.submit(() -> task("read pipe").answer());
    Files.writeString(folder().resolve("pipe"), "a");
    assertThat(answer.get(TIMEOUT_SECONDS, SECONDS)).isEqualTo(task("hash 1 a").answer());
  }

  @Test
  void aLinkWithinTheFolderIsRead() throws Exception {
    Files.writeString(folder().resolve("file"), "a");
    Files.createSymbolicLink(folder().resolve("link"), Path.of("file"));
    assertThat(task("read link").answer()).isEqualTo(task("hash 1 a").answer());
  }

  @Test
  void aLinkToAFileOutsideTheFolderIsNotRead() throws Exception {
    Files.writeString(parent.resolve("secret"), "a");
    Files.createSymbolicLink(folder().resolve("out"), Path.of("..", "secret"));
    Files.createSymbolicLink(folder().resolve("zero"), Path.of("/dev/zero"));
    assertThat(task("read out").answer()).isEqualTo("error cannot read out\n");
    assertThat(task("read zero").answer()).isEqualTo("error cannot read zero\n");
  }

  @Test
  void aFolderIsNotRead() throws Exception {
    Files.createDirectories(folder().resolve("nested"));
    assertThat(task("read nested").answer()).isEqualTo("error cannot read nested\n");
  }
}
