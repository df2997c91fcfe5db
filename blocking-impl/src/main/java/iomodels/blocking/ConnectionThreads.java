package iomodels.blocking;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Starts one platform thread for each connection, and leaves {@value #SPARE} threads for the JVM,
 * which starts one for every signal and every shutdown hook. If connections took the last thread,
 * SIGTERM would be lost ("OutOfMemoryError occurred dispatching signal").
 *
 * <p>No call tells how many threads are left: {@code ulimit -u} counts those of all processes of a
 * user, {@code pids.max} those of a cgroup. So whenever more connections are open than ever before,
 * threads are started for a moment, to see whether the next half as many connections can have one,
 * at least {@value #STEP}. (A fixed step would delay the acceptor each few connections: on a busy
 * machine the end of a thread takes a while.) It is no guarantee: another process may take the
 * threads afterwards.
 */
final class ConnectionThreads {

  private static final int SPARE = 4;
  private static final int STEP = 8;
  private static final System.Logger LOG = System.getLogger(ConnectionThreads.class.getName());

  private final ThreadFactory factory;
  private final AtomicInteger running = new AtomicInteger();

  /** This many connections can have a thread, with {@link #SPARE} left. */
  private int proven;

  private boolean exhausted;

  ConnectionThreads(ThreadFactory factory) {
    this.factory = factory;
  }

  /**
   * Starts a thread; called by one thread at a time.
   *
   * @return false if the system has too few left; that is logged once, until it has enough again
   */
  boolean start(Runnable connection) {
    try {
      if (running.get() >= proven) {
        proveStep();
      }
      factory.newThread(() -> run(connection)).start();
      running.incrementAndGet();
      exhausted = false;
      return true;
    } catch (OutOfMemoryError e) {
      proven = 0;
      if (!exhausted) {
        LOG.log(System.Logger.Level.WARNING, "Clients are turned away: {0}", e.getMessage());
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

  private void proveStep() {
    int step = Math.max(STEP, running.get() / 2);
    while (step > STEP && !canStart(step)) {
      step = Math.max(STEP, step / 2);
    }
    prove(step);
  }

  private boolean canStart(int step) {
    try {
      prove(step);
      return true;
    } catch (OutOfMemoryError _) {
      return false;
    }
  }

  private void prove(int step) {
    CountDownLatch end = new CountDownLatch(1);
    List<Thread> started = new ArrayList<>();
    try {
      for (int i = 0; i < SPARE + step; i++) {
        Thread thread = factory.newThread(() -> await(end));
        thread.start();
        started.add(thread);
      }
      proven = running.get() + step;
    } finally {
      end.countDown();
      started.forEach(ConnectionThreads::awaitEnd); // Until then they count as threads.
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
