package iomodels.linux;

import static iomodels.linux.Errno.check;
import static iomodels.linux.Libc.function;
import static iomodels.linux.Libc.orError;
import static iomodels.linux.Libc.state;
import static iomodels.linux.Libc.unexpected;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.TimeUnit;

/**
 * The queue of signals by which the kernel notifies one thread of events on descriptors; each
 * signal contains the descriptor. The queue belongs to the thread that creates it. That thread
 * blocks the signals first: a signal that is delivered to a thread that does not block it would end
 * the JVM. {@linkplain #enable Each descriptor} has that thread as the only receiver.
 *
 * <p>{@code fcntl(2)}, {@code sigtimedwait(2)}, {@code signal(7)}.
 */
final class Signals implements AutoCloseable {

  /** For {@link #await}: no timeout. */
  static final long FOREVER = -1;

  /** The result of {@link #await} if no signal came within the timeout. */
  static final int NONE = -1;

  /** The result of {@link #await} if the queue was full: any descriptor may be ready. */
  static final int OVERFLOW = -2;

  /**
   * A real-time signal: these are queued, while others merge. The C library reserves 32 and 33, and
   * the JDK uses 62.
   */
  private static final int READY = 40;

  /** The signal that the kernel sends if the queue is full; it merges. */
  private static final int SIGIO = 29;

  private static final int SIG_BLOCK = 0;
  private static final int F_SETSIG = 10;
  private static final int F_SETOWN_EX = 15;
  private static final int F_OWNER_TID = 0;
  private static final int O_ASYNC = 0x2000;

  private static final StructLayout F_OWNER_EX =
      MemoryLayout.structLayout(JAVA_INT.withName("type"), JAVA_INT.withName("pid"));

  private static final StructLayout TIMESPEC =
      MemoryLayout.structLayout(JAVA_LONG.withName("tv_sec"), JAVA_LONG.withName("tv_nsec"));

  /** {@code siginfo_t} of a descriptor's signal. */
  private static final StructLayout SIGINFO =
      MemoryLayout.structLayout(
          JAVA_INT.withName("si_signo"),
          JAVA_INT.withName("si_errno"),
          JAVA_INT.withName("si_code"),
          MemoryLayout.paddingLayout(4),
          JAVA_LONG.withName("si_band"),
          JAVA_INT.withName("si_fd"),
          MemoryLayout.paddingLayout(100));

  private static final long SI_FD = SIGINFO.byteOffset(PathElement.groupElement("si_fd"));

  /** {@code sigset_t}: 1,024 bits. */
  private static final MemoryLayout SIGSET = MemoryLayout.sequenceLayout(16, JAVA_LONG);

  private static final MethodHandle PTHREAD_SIGMASK =
      function("pthread_sigmask", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle SIGTIMEDWAIT =
      function("sigtimedwait", JAVA_INT, ADDRESS, ADDRESS, ADDRESS);
  private static final MethodHandle GETTID = function("gettid", JAVA_INT);
  private static final MethodHandle GETPID = function("getpid", JAVA_INT);
  private static final MethodHandle TGKILL =
      function("tgkill", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);

  private static final MemorySegment NULL = MemorySegment.NULL;

  private final MemorySegment set;
  private final MemorySegment owner;
  private final MemorySegment info;
  private final MemorySegment timeout;
  private final int thread;
  private boolean closed;

  /**
   * Creates the queue of the calling thread, which must be a platform thread, and must end when the
   * queue is closed.
   */
  Signals() throws IOException {
    Arena arena = Arena.ofAuto();
    set = arena.allocate(SIGSET);
    owner = arena.allocate(F_OWNER_EX);
    info = arena.allocate(SIGINFO);
    timeout = arena.allocate(TIMESPEC);
    set.set(JAVA_LONG, 0, bit(READY) | bit(SIGIO));
    try {
      check("pthread_sigmask", -(int) PTHREAD_SIGMASK.invokeExact(state(), SIG_BLOCK, set, NULL));
      thread = (int) GETTID.invokeExact(state());
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw unexpected(e);
    }
    owner.set(JAVA_INT, 0, F_OWNER_TID);
    owner.set(JAVA_INT, ValueLayout.JAVA_INT.byteSize(), thread);
  }

  /** Checks whether the kernel supports this; returns 0, or the negated error number. */
  static int probe() {
    int fd = Libc.socket(Libc.AF_INET, Libc.SOCK_DGRAM | Sockets.FLAGS, 0);
    if (fd < 0) {
      return fd;
    }
    int result = Libc.fcntl(fd, F_SETSIG, READY);
    Libc.close(fd);
    return result;
  }

  private static long bit(int signal) {
    return 1L << (signal - 1);
  }

  /**
   * Enables signals for a descriptor. They report input, room for output after there was none, an
   * error, or FIN. Earlier events are not reported.
   */
  void enable(int fd) throws IOException {
    check("fcntl(F_SETOWN_EX)", Libc.fcntl(fd, F_SETOWN_EX, owner.address()));
    check("fcntl(F_SETSIG)", Libc.fcntl(fd, F_SETSIG, READY));
    check("fcntl(F_SETFL)", Libc.fcntl(fd, Libc.F_SETFL, O_ASYNC | Libc.O_NONBLOCK));
  }

  /**
   * Waits for a signal and takes it from the queue.
   *
   * @param millis the timeout in milliseconds, or {@link #FOREVER}
   * @return the descriptor of the event, {@link #NONE} or {@link #OVERFLOW}
   */
  int await(long millis) throws IOException {
    timeout.set(JAVA_LONG, 0, TimeUnit.MILLISECONDS.toSeconds(millis));
    timeout.set(JAVA_LONG, 8, TimeUnit.MILLISECONDS.toNanos(millis % 1000));
    int signal = sigtimedwait(set, info, millis == FOREVER ? NULL : timeout);
    if (signal == READY) {
      return info.get(JAVA_INT, SI_FD);
    }
    if (signal == SIGIO) {
      return OVERFLOW;
    }
    if (!Errno.isTransient(signal)) {
      throw Errno.exception("sigtimedwait", signal);
    }
    return NONE;
  }

  private static int sigtimedwait(MemorySegment set, MemorySegment info, MemorySegment timeout) {
    try {
      return orError((int) SIGTIMEDWAIT.invokeExact(state(), set, info, timeout));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Wakes the thread: {@link #await} returns {@link #OVERFLOW}, whose signal is delivered even if
   * the queue is full. May be called by any thread. Has no effect after {@link #close}, since
   * another thread may have the same thread id by then.
   */
  synchronized void wakeUp() {
    if (closed) {
      return;
    }
    try {
      int process = (int) GETPID.invokeExact(state());
      int _ = (int) TGKILL.invokeExact(state(), process, thread, SIGIO);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Removes all signals from the queue. The thread is about to end, and all descriptors are closed.
   * When a thread ends, the JVM restores its original signal mask, and a pending signal would then
   * end the JVM.
   */
  @Override
  public void close() throws IOException {
    synchronized (this) {
      closed = true;
    }
    while (await(0) != NONE) {
      // The signal's descriptor is already closed.
    }
  }
}
