package iomodels.blocking;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Starts one platform thread for each connection, as long as the system has {@value #SPARE} more.
 * The JVM starts a thread for every signal and for every shutdown hook: where connections take the
 * last one, it prints "OutOfMemoryError occurred dispatching signal SIGTERM", and goes on.
 *
 * <p>No call tells how many threads are left ({@code ulimit -u} counts those of all processes of a
 * user, {@code pids.max} those of a cgroup). So whenever more connections are open than ever
 * before, some threads are started for a moment, for this and the next few.
 */
final class ConnectionThreads {

  private static final int SPARE = 4;
  private static final int STEP = 8;
  private static final System.Logger LOG = System.getLogger(ConnectionThreads.class.getName());

  private final ThreadFactory factory;
  private final AtomicInteger running = new AtomicInteger();

  /** So many can run, and leave the spare ones. */
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
    CountDownLatch proof = new CountDownLatch(1);
    try {
      for (int i = 0; i < SPARE + STEP; i++) {
        factory.newThread(() -> await(proof)).start();
      }
      proven = running.get() + STEP;
    } finally {
      proof.countDown();
    }
  }

  private static void await(CountDownLatch proof) {
    try {
      proof.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
