package iomodels.linux;

import static iomodels.linux.Errno.EAGAIN;
import static iomodels.linux.Errno.EBUSY;
import static iomodels.linux.Errno.EINTR;
import static iomodels.linux.Errno.ETIME;
import static iomodels.linux.Errno.check;
import static iomodels.linux.Libc.function;
import static iomodels.linux.Libc.orError;
import static iomodels.linux.Libc.state;
import static iomodels.linux.Libc.unexpected;
import static iomodels.linux.Libc.variadic;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.nio.ByteOrder.nativeOrder;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * An {@code io_uring}: two queues in memory that the kernel and this process share. The process
 * puts operations into the submission queue; the kernel performs them, and puts a completion for
 * each into the completion queue. One system call, {@link #await}, submits operations and waits for
 * completions.
 *
 * <p>Each operation carries a tag that the caller chooses, and its completion has the same tag. A
 * <em>multishot</em> operation has several completions; each but the last announces {@linkplain
 * #more more}.
 *
 * <p>Only the thread that {@linkplain #enable enables} the ring may use it. So the kernel needs no
 * lock, and does its part of the work only while that thread is in {@code await}. Requires Linux
 * 6.1 or later. See {@code io_uring(7)}, {@code io_uring_enter(2)}, and for the memory layout the
 * kernel's {@code io_uring.h}.
 */
final class Ring implements AutoCloseable {

  /** For {@link #await}: no timeout. */
  static final long FOREVER = -1;

  private static final long NR_SETUP = 425;
  private static final long NR_ENTER = 426;
  private static final long NR_REGISTER = 427;

  private static final int SETUP_CQSIZE = 1 << 3;
  private static final int SETUP_R_DISABLED = 1 << 6;
  private static final int SETUP_SUBMIT_ALL = 1 << 7;
  private static final int SETUP_SINGLE_ISSUER = 1 << 12;
  private static final int SETUP_DEFER_TASKRUN = 1 << 13;

  private static final long ENTER_GETEVENTS = 1;
  private static final long ENTER_EXT_ARG = 1 << 3;

  private static final long REGISTER_ENABLE_RINGS = 12;
  private static final long REGISTER_PBUF_RING = 22;
  private static final long REGISTER_SYNC_CANCEL = 24;

  private static final int OP_POLL_ADD = 6;
  private static final int OP_SENDMSG = 9;
  private static final int OP_RECVMSG = 10;
  private static final int OP_ACCEPT = 13;
  private static final int OP_ASYNC_CANCEL = 14;
  private static final int OP_CLOSE = 19;
  private static final int OP_SEND = 26;
  private static final int OP_RECV = 27;

  private static final int BUFFER_SELECT = 1 << 5;
  private static final int NO_COMPLETION_IF_SUCCESSFUL = 1 << 6;
  private static final int ACCEPT_MULTISHOT = 1;
  private static final int RECV_MULTISHOT = 1 << 1;
  private static final int CANCEL_ALL_OF_DESCRIPTOR = 1 | (1 << 1);
  private static final int CANCEL_ALL_OF_RING = 1 << 2;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_WAITALL = 0x100;

  private static final int COMPLETION_MORE = 1 << 1;

  private static final long PARAMS_SIZE = 120;
  private static final long SQE_SIZE = 64;
  private static final long CQE_SIZE = 16;
  private static final long OFFSET_SQES = 0x1000_0000;

  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED_POPULATE = 0x8001;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;

  private static final MethodHandle SYSCALL2 =
      variadic(1, "syscall", JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS);
  private static final MethodHandle SYSCALL4 =
      variadic(1, "syscall", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG);
  private static final MethodHandle SYSCALL6 =
      variadic(
          1, "syscall", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS,
          JAVA_LONG);
  private static final MethodHandle MMAP =
      function("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle MUNMAP = function("munmap", JAVA_INT, JAVA_LONG, JAVA_LONG);

  private static final VarHandle INT = JAVA_INT.varHandle();
  private static final VarHandle SHORT = JAVA_SHORT.varHandle();

  private final Arena arena = Arena.ofShared();
  private final int fd;

  private final MemorySegment rings;
  private final MemorySegment sqes;
  private final long sqHead;
  private final long sqTail;
  private final int sqEntries;
  private final long cqHead;
  private final long cqTail;
  private final long cqes;
  private final int cqMask;

  /**
   * The end of the submission queue: operations before {@code tail} are in the queue, and those
   * before {@code submitted} have been taken by the kernel.
   */
  private int tail;

  private int submitted;

  /**
   * The current completion is the one before {@code head}; the last known one is before {@code
   * known}.
   */
  private int head;

  private int known;

  private long tag;
  private int result;
  private int flags;

  private final MemorySegment waitArgument = arena.allocate(24, 8);
  private final MemorySegment timeout = arena.allocate(16, 8);

  /**
   * Creates a ring that is not enabled yet.
   *
   * @param operations the capacity of the submission queue; a power of 2
   * @param completions the capacity of the completion queue; the kernel keeps completions that do
   *     not fit
   */
  Ring(int operations, int completions) throws IOException {
    MemorySegment params = arena.allocate(PARAMS_SIZE, 8);
    fd = setup(params, operations, completions);
    if (fd < 0) {
      arena.close();
      throw Errno.exception("io_uring_setup", fd);
    }
    try {
      sqEntries = params.get(JAVA_INT, 0);
      int cqEntries = params.get(JAVA_INT, 4);
      sqHead = params.get(JAVA_INT, 40);
      sqTail = params.get(JAVA_INT, 44);
      cqHead = params.get(JAVA_INT, 80);
      cqTail = params.get(JAVA_INT, 84);
      cqes = params.get(JAVA_INT, 100);
      long array = params.get(JAVA_INT, 64);
      long size = Math.max(array + 4L * sqEntries, cqes + CQE_SIZE * cqEntries);
      rings = map(size, MAP_SHARED_POPULATE, fd, 0);
      sqes = map(SQE_SIZE * sqEntries, MAP_SHARED_POPULATE, fd, OFFSET_SQES);
      cqMask = rings.get(JAVA_INT, params.get(JAVA_INT, 88));
      for (int i = 0; i < sqEntries; i++) {
        rings.set(JAVA_INT, array + 4L * i, i); // Operation i is at index i.
      }
      waitArgument.set(JAVA_LONG, 16, timeout.address());
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /** Creates a minimal ring and closes it; returns the negated error number if that fails. */
  static int probe() {
    try (Arena arena = Arena.ofConfined()) {
      return Linux.closed(setup(arena.allocate(PARAMS_SIZE, 8), 1, 2));
    }
  }

  private static int setup(MemorySegment params, int operations, int completions) {
    params.set(JAVA_INT, 4, completions);
    params.set(
        JAVA_INT,
        8,
        SETUP_CQSIZE
            | SETUP_R_DISABLED
            | SETUP_SUBMIT_ALL
            | SETUP_SINGLE_ISSUER
            | SETUP_DEFER_TASKRUN);
    try {
      return orError((long) SYSCALL2.invokeExact(state(), NR_SETUP, (long) operations, params));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private int register(long what, MemorySegment argument, long count) {
    try {
      return orError(
          (long) SYSCALL4.invokeExact(state(), NR_REGISTER, (long) fd, what, argument, count));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Maps memory that is shared with the kernel, or private memory. */
  @SuppressWarnings("restricted") // The kernel has just mapped this memory.
  private MemorySegment map(long size, int how, int file, long offset) throws IOException {
    try {
      long start = (long) MMAP.invokeExact(state(), 0L, size, PROT_READ_WRITE, how, file, offset);
      if (start == -1) {
        throw Errno.exception("mmap", orError(-1));
      }
      return MemorySegment.ofAddress(start).reinterpret(size, arena, Ring::unmap);
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static void unmap(MemorySegment memory) {
    try {
      int _ = (int) MUNMAP.invokeExact(state(), memory.address(), memory.byteSize());
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Enables the ring for the calling thread; no other thread may submit operations. */
  void enable() throws IOException {
    check("io_uring_register", register(REGISTER_ENABLE_RINGS, MemorySegment.NULL, 0));
  }

  /**
   * Allocates memory that the kernel reads or writes. It is freed with the ring, and takes up no
   * physical memory until it is written to.
   */
  MemorySegment memory(long size) throws IOException {
    return map(size, MAP_PRIVATE_ANONYMOUS, -1, 0);
  }

  /** Accepts connections. The result of each completion is a descriptor. Multishot. */
  void accept(int listener, long tag) {
    put(OP_ACCEPT, 0, ACCEPT_MULTISHOT, listener, 0, 0, 0, Libc.SOCK_CLOEXEC, tag, 0);
  }

  /**
   * Receives into a buffer of the group, which the kernel takes when there is input. The result is
   * the number of bytes; 0 after FIN; {@code -ENOBUFS} if no buffer is free.
   *
   * <p>Not multishot: if bytes and RST arrive while the kernel begins to wait, a multishot receive
   * completes with the bytes, but never reports the RST.
   */
  void receive(int fd, Buffers buffers, long tag) {
    put(OP_RECV, BUFFER_SELECT, 0, fd, 0, 0, 0, 0, tag, buffers.group);
  }

  /**
   * Receives datagrams, each into a buffer of the group; {@link Datagram} describes the layout.
   * Multishot.
   *
   * @param header contains the sizes for an address and a control message
   */
  void receiveDatagrams(int fd, MsgHdr header, Buffers buffers, long tag) {
    put(
        OP_RECVMSG,
        BUFFER_SELECT,
        RECV_MULTISHOT,
        fd,
        0,
        header.segment().address(),
        1,
        0,
        tag,
        buffers.group);
  }

  /**
   * Sends all bytes, in as many attempts as necessary. The result is less than {@code length} only
   * after an error.
   */
  void send(int fd, long address, int length, long tag) {
    put(OP_SEND, 0, 0, fd, 0, address, length, Libc.MSG_NOSIGNAL | MSG_WAITALL, tag, 0);
  }

  /** Sends a datagram; fails if the kernel has no room for it. */
  void sendDatagram(int fd, MsgHdr header, long tag) {
    put(OP_SENDMSG, 0, 0, fd, 0, header.segment().address(), 1, MSG_DONTWAIT, tag, 0);
  }

  /** Waits until a descriptor is ready for the given events, such as {@link Libc#POLLIN}. */
  void poll(int fd, int events, long tag) {
    put(OP_POLL_ADD, 0, 0, fd, 0, 0, 0, events, tag, 0);
  }

  /** Cancels all operations on a descriptor: each pending one completes with ECANCELED. */
  void cancelAll(int fd, long tag) {
    put(
        OP_ASYNC_CANCEL,
        NO_COMPLETION_IF_SUCCESSFUL,
        0,
        fd,
        0,
        0,
        0,
        CANCEL_ALL_OF_DESCRIPTOR,
        tag,
        0);
  }

  void close(int fd, long tag) {
    put(OP_CLOSE, NO_COMPLETION_IF_SUCCESSFUL, 0, fd, 0, 0, 0, 0, tag, 0);
  }

  private void put(
      int operation,
      int sqeFlags,
      int priority,
      int fd,
      long offset,
      long address,
      int length,
      int operationFlags,
      long tag,
      long group) {
    if (tail - (int) INT.getAcquire(rings, sqHead) == sqEntries) {
      submit();
    }
    long sqe = SQE_SIZE * (tail++ & (sqEntries - 1));
    sqes.set(JAVA_LONG, sqe, operation | (sqeFlags << 8) | (priority << 16) | ((long) fd << 32));
    sqes.set(JAVA_LONG, sqe + 8, offset);
    sqes.set(JAVA_LONG, sqe + 16, address);
    sqes.set(JAVA_LONG, sqe + 24, (length & 0xFFFF_FFFFL) | ((long) operationFlags << 32));
    sqes.set(JAVA_LONG, sqe + 32, tag);
    sqes.set(JAVA_LONG, sqe + 40, group);
    sqes.set(JAVA_LONG, sqe + 48, 0);
    sqes.set(JAVA_LONG, sqe + 56, 0);
  }

  /** Submits the operations in the queue, without waiting. */
  void submit() {
    while (submitted != tail) {
      int count = enter(0, 0, MemorySegment.NULL, 0);
      if (count < 0 && count != -EINTR) {
        throw new IllegalStateException("io_uring_enter: " + Errno.describe(-count));
      }
    }
  }

  /**
   * Submits the operations in the queue, and waits for at least one completion. Then {@link #next}
   * iterates over the completions. The kernel also moves completions into the queue that did not
   * fit before.
   *
   * @param millis the timeout in milliseconds, or {@link #FOREVER}
   */
  void await(long millis) throws IOException {
    int count;
    if (millis == FOREVER) {
      count = enter(1, ENTER_GETEVENTS, MemorySegment.NULL, 0);
    } else {
      timeout.set(JAVA_LONG, 0, millis / 1000);
      timeout.set(JAVA_LONG, 8, millis % 1000 * 1_000_000);
      count = enter(1, ENTER_GETEVENTS | ENTER_EXT_ARG, waitArgument, waitArgument.byteSize());
    }
    if (count < 0 && count != -EINTR && count != -ETIME && count != -EBUSY && count != -EAGAIN) {
      throw Errno.exception("io_uring_enter", count);
    }
    known = (int) INT.getAcquire(rings, cqTail);
  }

  private int enter(long completions, long how, MemorySegment argument, long argumentSize) {
    INT.setRelease(rings, sqTail, tail);
    int count;
    try {
      count =
          orError(
              (long)
                  SYSCALL6.invokeExact(
                      state(),
                      NR_ENTER,
                      (long) fd,
                      (long) (tail - submitted),
                      completions,
                      how,
                      argument,
                      argumentSize));
    } catch (Throwable e) {
      throw unexpected(e);
    }
    submitted = (int) INT.getAcquire(rings, sqHead); // Even if the wait has failed.
    return count;
  }

  /**
   * Moves to the next completion; returns false if there is none, and frees the queue's entries.
   */
  boolean next() {
    if (head == known) {
      INT.setRelease(rings, cqHead, head);
      return false;
    }
    long cqe = cqes + CQE_SIZE * (head++ & cqMask);
    tag = rings.get(JAVA_LONG, cqe);
    result = rings.get(JAVA_INT, cqe + 8);
    flags = rings.get(JAVA_INT, cqe + 12);
    return true;
  }

  /** The tag of the completed operation. */
  long tag() {
    return tag;
  }

  /** The result that the system call would have returned, or the negated error number. */
  int result() {
    return result;
  }

  /** Whether the operation is still active, and will complete again. */
  boolean more() {
    return (flags & COMPLETION_MORE) != 0;
  }

  /** The number of the buffer that contains the input; defined only if the result is positive. */
  int buffer() {
    return flags >>> 16;
  }

  /**
   * Cancels all operations, and closes the ring. Without the cancellation, the kernel would end
   * pending operations some milliseconds later, and until then they would keep their files open,
   * such as a listening socket and its port.
   */
  @Override
  public void close() {
    cancelAll();
    Libc.close(fd);
    arena.close();
  }

  /**
   * Cancels all operations, then enters the kernel: deferred work runs only in this thread's calls.
   */
  private void cancelAll() {
    MemorySegment cancellation = arena.allocate(64, 8);
    cancellation.set(JAVA_INT, 8, -1); // Any descriptor.
    cancellation.set(JAVA_INT, 12, CANCEL_ALL_OF_RING);
    cancellation.set(JAVA_LONG, 16, -1); // No timeout.
    cancellation.set(JAVA_LONG, 24, -1);
    register(REGISTER_SYNC_CANCEL, cancellation, 1);
    enter(0, ENTER_GETEVENTS, MemorySegment.NULL, 0);
  }

  /**
   * A group of buffers for input. The kernel takes a buffer when there is input, not when a receive
   * is submitted, so a few buffers serve many connections. A completion contains the buffer's
   * number, and the caller {@linkplain #giveBack returns} the buffer.
   */
  static final class Buffers {

    private static final int ENTRY_SIZE = 16;

    /** The offset of the tail, in an unused field of the first entry. */
    private static final int TAIL = 14;

    private final int group;
    private final MemorySegment entries;
    private final MemorySegment memory;
    private final ByteBuffer[] views;
    private final int size;
    private short tail;

    /**
     * Allocates and registers a group.
     *
     * @param group the number of the group, unique in the ring
     * @param count the number of buffers; a power of 2
     * @param size the size of each buffer, in bytes
     */
    Buffers(Ring ring, int group, int count, int size) throws IOException {
      this.group = group;
      this.size = size;
      entries = ring.memory((long) ENTRY_SIZE * count);
      memory = ring.memory((long) count * size);
      views = new ByteBuffer[count];
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment registration = arena.allocate(40, 8);
        registration.set(JAVA_LONG, 0, entries.address());
        registration.set(JAVA_INT, 8, count);
        registration.set(JAVA_SHORT, 12, (short) group);
        check("io_uring_register", ring.register(REGISTER_PBUF_RING, registration, 1));
      }
      for (int i = 0; i < count; i++) {
        views[i] = memory.asSlice((long) i * size, size).asByteBuffer().order(nativeOrder());
        giveBack(i);
      }
    }

    /** Returns a view of the first {@code count} bytes of a buffer. */
    ByteBuffer bytes(int buffer, int count) {
      return views[buffer].clear().limit(count);
    }

    /** Returns a buffer to the kernel. */
    void giveBack(int buffer) {
      long entry = (long) ENTRY_SIZE * (tail & (views.length - 1));
      entries.set(JAVA_LONG, entry, memory.address() + (long) buffer * size);
      entries.set(JAVA_INT, entry + 8, size);
      entries.set(JAVA_SHORT, entry + 12, (short) buffer);
      SHORT.setRelease(entries, (long) TAIL, ++tail);
    }
  }
}
