package iomodels.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import org.junit.jupiter.api.Test;

class WorkersTest {

  @Test
  void allThreadsAreStartedAndTheQueueIsBounded() throws Exception {
    ThreadPoolExecutor pool = Workers.start(2, 1);
    CountDownLatch end = new CountDownLatch(1);
    try {
      assertThat(pool.getPoolSize()).isEqualTo(2);
      occupy(pool, end).await();
      occupy(pool, end).await();
      occupy(pool, end); // This task waits in the queue.
      assertThatThrownBy(() -> occupy(pool, end)).isInstanceOf(RejectedExecutionException.class);
    } finally {
      end.countDown();
      pool.shutdownNow();
    }
  }

  /**
   * Occupies a thread until {@code end}; returns a latch that is counted down when it has begun.
   */
  private static CountDownLatch occupy(ThreadPoolExecutor pool, CountDownLatch end) {
    CountDownLatch begun = new CountDownLatch(1);
    pool.execute(
        () -> {
          begun.countDown();
          try {
            end.await();
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          }
        });
    return begun;
  }
}
