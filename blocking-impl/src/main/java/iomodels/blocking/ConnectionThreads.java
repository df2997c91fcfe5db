package iomodels.blocking;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Starts one platform thread for each connection, and reserves {@value #SPARE} threads for the JVM,
 * which starts a thread for each signal and each shutdown hook. If connections used the last
 * thread, SIGTERM would be lost ("OutOfMemoryError occurred dispatching signal").
 *
 * <p>No system call returns the number of threads that are available: {@code ulimit -u} limits all
 * processes of a user, {@code pids.max} those of a cgroup. So each time the number of open
 * connections reaches a new maximum, this class starts threads for a moment, to test whether half
 * as many further connections, at least {@value #STEP}, can have a thread. (A small fixed step
 * would often delay the acceptor, since on a busy machine a thread takes a while to end.) The test
 * is no guarantee: another process may use the threads afterwards.
 */
final class ConnectionThreads {

  private static final int SPARE = 4;
  private static final int STEP = 8;
  private static final System.Logger LOG = System.getLogger(ConnectionThreads.class.getName());

  private final ThreadFactory factory;
  private final AtomicInteger running = new AtomicInteger();

  /** The number of connections for which threads were available, besides {@link #SPARE}. */
  private int tested;

  private boolean exhausted;

  ConnectionThreads(ThreadFactory factory) {
    this.factory = factory;
  }

  /**
   * Starts a thread. The caller must not call this method from several threads at a time.
   *
   * @return false if too few threads are available; this is logged once, until there are enough
   *     again
   */
  boolean start(Runnable connection) {
    try {
      if (running.get() >= tested) {
        testStep();
      }
      factory.newThread(() -> run(connection)).start();
      running.incrementAndGet();
      exhausted = false;
      return true;
    } catch (OutOfMemoryError e) {
      tested = 0;
      if (!exhausted) {
        LOG.log(
            System.Logger.Level.WARNING,
            "New connections are closed, for lack of threads: {0}",
            e.getMessage());
      }
      exhausted = true;
      return false;
    }
  }

  private void run(Runnable connection) {
    try {
      connection.run();
    } finally {
      running.decrementAndGet();
    }
  }

  private void testStep() {
    int step = Math.max(STEP, running.get() / 2);
    while (step > STEP && !canStart(step)) {
      step = Math.max(STEP, step / 2);
    }
    test(step);
  }

  private boolean canStart(int step) {
    try {
      test(step);
      return true;
    } catch (OutOfMemoryError _) {
      return false;
    }
  }

  private void test(int step) {
    CountDownLatch end = new CountDownLatch(1);
    List<Thread> started = new ArrayList<>();
    try {
      for (int i = 0; i < SPARE + step; i++) {
        Thread thread = factory.newThread(() -> await(end));
        thread.start();
        started.add(thread);
      }
      tested = running.get() + step;
    } finally {
      end.countDown();
      started.forEach(ConnectionThreads::awaitEnd); // Until they end, they count towards the limit.
    }
  }

  private static void awaitEnd(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static void await(CountDownLatch end) {
    try {
      end.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
