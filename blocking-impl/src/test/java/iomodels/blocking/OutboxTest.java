package iomodels.blocking;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class OutboxTest {

  private static final int CAPACITY = 8;
  private static final String LINE = "1234567\n";
  private static final long PATIENCE = MILLISECONDS.toNanos(Outbox.PATIENCE_MILLIS);

  private final AtomicLong clock = new AtomicLong();
  private final Outbox outbox = new Outbox(CAPACITY, clock::get);

  @Test
  void acceptsLinesWhileTheWriterHasNotRun() {
    for (int i = 0; i < 10; i++) {
      assertThat(outbox.offer(LINE)).isTrue();
      clock.addAndGet(PATIENCE);
    }
  }

  @Test
  void acceptsLinesDuringAShortWrite() throws Exception {
    outbox.offer(LINE);
    outbox.take();
    clock.addAndGet(PATIENCE - 1);
    assertThat(outbox.offer(LINE)).isTrue();
  }

  @Test
  void refusesLinesIfItIsFullDuringALongWrite() throws Exception {
    outbox.offer("1\n");
    outbox.take();
    clock.addAndGet(PATIENCE);
    assertThat(outbox.offer(LINE)).isTrue();
    assertThat(outbox.offer(LINE)).isFalse();
    outbox.wrote(2); // The peer reads after all.
    assertThat(outbox.offer(LINE)).isTrue();
  }

  @Test
  void linesAreTakenInOrderBeforeTheEnd() throws Exception {
    outbox.offer("a\n");
    outbox.offer("b\n");
    outbox.end();
    assertThat(UTF_8.decode(outbox.take()).toString()).isEqualTo("a\nb\n");
    outbox.wrote(4);
    assertThat(outbox.take()).isEqualTo(ByteBuffer.allocate(0));
  }

  @Test
  void awaitWriterBlocksWhileItIsMoreThanHalfFull() throws Exception {
    outbox.offer(LINE);
    CompletableFuture<Void> waiting = awaitWriter();
    assertThat(waiting).isNotDone();
    outbox.take();
    outbox.wrote(CAPACITY);
    assertThat(waiting).succeedsWithin(Duration.ofMinutes(1));
  }

  @Test
  void awaitWriterReturnsIfThePeerDoesNotRead() throws Exception {
    outbox.offer(LINE);
    CompletableFuture<Void> waiting = awaitWriter();
    outbox.take();
    assertThat(waiting).isNotDone();
    clock.addAndGet(PATIENCE);
    assertThat(waiting).succeedsWithin(Duration.ofMinutes(1));
  }

  @Test
  void awaitWriterReturnsAfterTheWriterHasEnded() {
    outbox.offer(LINE);
    outbox.close();
    assertThat(outbox.isBehind()).isFalse();
    assertThat(awaitWriter()).succeedsWithin(1, TimeUnit.MINUTES);
    assertThat(outbox.offer(LINE)).isTrue();
  }

  @Test
  void theSmallestOutboxHasRoomForOneLine() throws Exception {
    Outbox small = new Outbox(1, clock::get);
    small.awaitWriter();
    assertThat(small.offer(LINE)).isTrue();
    assertThat(small.isBehind()).isTrue();
    small.take();
    small.wrote(LINE.length());
    small.awaitWriter();
  }

  private CompletableFuture<Void> awaitWriter() {
    return CompletableFuture.runAsync(
        () -> {
          try {
            outbox.awaitWriter();
          } catch (InterruptedException e) {
            throw new IllegalStateException("the thread was interrupted", e);
          }
        });
  }
}
