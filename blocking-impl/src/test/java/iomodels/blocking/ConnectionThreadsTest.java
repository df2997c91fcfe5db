package iomodels.blocking;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ConnectionThreadsTest {

  private static final int LIMIT = 50;

  /** The threads that the simulated system has left. */
  private final Semaphore free = new Semaphore(LIMIT);

  private final CountDownLatch gone = new CountDownLatch(1);

  /** Creates a thread that takes one of the system's threads while it runs. */
  private Thread thread(Runnable task) {
    return new Thread(
        () -> {
          try {
            task.run();
          } finally {
            free.release();
          }
        }) {
      @Override
      public void start() {
        if (!free.tryAcquire()) {
          throw new OutOfMemoryError("unable to create native thread");
        }
        super.start();
      }
    };
  }

  @Test
  void someThreadsAreReservedForTheJvm() throws Exception {
    ConnectionThreads threads = new ConnectionThreads(this::thread);
    int started = 0;
    while (started < LIMIT && threads.start(this::awaitEnd)) {
      started++;
    }
    assertThat(started).isGreaterThan(LIMIT / 2).isLessThan(LIMIT);
    int spare = LIMIT - started;
    free.acquire(spare); // All threads except those of the connections are free again.
    free.release(spare);
    assertThat(threads.start(this::awaitEnd)).isFalse();

    gone.countDown();
    free.acquire(LIMIT);
    free.release(LIMIT);
    assertThat(threads.start(() -> {})).isTrue();
  }

  private void awaitEnd() {
    try {
      gone.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
