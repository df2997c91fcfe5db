package iomodels.process;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Starts processes that do not outlive this JVM, nor do their own children, nor daemons that they
 * have left behind. If the JVM shuts down, a shutdown hook ends them; if it is killed, a {@link
 * Watchdog} does. Safe for use by several threads.
 */
public final class ChildProcesses {

  private static final Duration GRACE = Duration.ofSeconds(2);
  private static final Duration CHECK_INTERVAL = Duration.ofMillis(20);

  private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();
  private static final Set<Process> EXPENDABLE = ConcurrentHashMap.newKeySet();
  private static final Watchdog WATCHDOG = new Watchdog();

  private static final Set<Runnable> AFTER_END = ConcurrentHashMap.newKeySet();

  /** Whether the JVM is shutting down: no process may be started. Guarded by {@link #RUNNING}. */
  private static boolean ending;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(ChildProcesses::endAll));
  }

  private ChildProcesses() {}

  /**
   * Starts a process.
   *
   * @throws IOException if it cannot be started, or this JVM is shutting down
   */
  public static Process start(ProcessBuilder builder) throws IOException {
    synchronized (RUNNING) {
      if (ending) {
        throw new IOException("cannot start a process: this program is shutting down");
      }
      if (!ProcessMark.isOn(builder)) {
        ProcessMark.on(builder);
      }
      WATCHDOG.prepare();
      Process process = builder.start();
      RUNNING.add(process);
      WATCHDOG.add(process.pid());
      var _ = process.onExit().thenAccept(ChildProcesses::remove);
      return process;
    }
  }

  /** Starts a process that needs no cleanup: the shutdown hook ends it with SIGKILL at once. */
  public static Process startExpendable(ProcessBuilder builder) throws IOException {
    synchronized (RUNNING) {
      Process process = start(builder);
      EXPENDABLE.add(process);
      if (!process.isAlive()) {
        EXPENDABLE.remove(process);
      }
      return process;
    }
  }

  /** Registers an action for the end of this JVM, when all processes have ended. */
  static void afterEnd(Runnable action) {
    AFTER_END.add(action);
  }

  private static void remove(Process process) {
    RUNNING.remove(process);
    EXPENDABLE.remove(process);
    WATCHDOG.remove(process.pid());
  }

  /** Sends SIGTERM to all, and SIGKILL to those that are alive after the grace period. */
  private static void endAll() {
    synchronized (RUNNING) {
      ending = true;
    }
    EXPENDABLE.stream().flatMap(ChildProcesses::tree).forEach(ProcessHandle::destroyForcibly);
    List<ProcessHandle> all =
        Stream.concat(
                RUNNING.stream().flatMap(ChildProcesses::tree),
                ProcessMark.ofThisJvm().processes().stream())
            .distinct()
            .toList();
    all.forEach(ProcessHandle::destroy);
    long deadline = System.nanoTime() + GRACE.toNanos();
    while (!all.stream().allMatch(ProcessMark::hasEnded) && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(CHECK_INTERVAL.toNanos());
    }
    all.forEach(ProcessHandle::destroyForcibly);
    AFTER_END.forEach(Runnable::run);
  }

  private static Stream<ProcessHandle> tree(Process process) {
    return Stream.concat(process.descendants(), Stream.of(process.toHandle()));
  }
}
