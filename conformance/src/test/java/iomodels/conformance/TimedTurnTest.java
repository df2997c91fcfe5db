package iomodels.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TimedTurnTest {

  private static final Path FILE =
      Path.of(System.getProperty("java.io.tmpdir"), "iomodels-timed-rules.lock");

  @Test
  void oneThreadHasTheTurnAtATime() throws Exception {
    AtomicInteger inside = new AtomicInteger();
    CountDownLatch ready = new CountDownLatch(4);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Integer> each :
          threads.invokeAll(
              Collections.<Callable<Integer>>nCopies(
                  4,
                  () -> {
                    ready.countDown();
                    ready.await();
                    try (TimedTurn _ = TimedTurn.take()) {
                      int now = inside.incrementAndGet();
                      Thread.onSpinWait();
                      inside.decrementAndGet();
                      return now;
                    }
                  }))) {
        assertThat(each.get()).isEqualTo(1);
      }
    }
  }

  @Test
  void otherProcessesSeeTheLock() throws Exception {
    try (TimedTurn _ = TimedTurn.take();
        FileChannel file = FileChannel.open(FILE, StandardOpenOption.WRITE)) {
      assertThatThrownBy(file::tryLock).isInstanceOf(OverlappingFileLockException.class);
    }
    try (TimedTurn _ = TimedTurn.take()) {
      assertThat(FILE).exists();
    }
  }
}
