package iomodels.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The functions of the C library that the servers call. Each is a system call, described in section
 * 2 of the manual. The methods have the names of the C functions in Java's spelling, and the same
 * parameters in the same order.
 *
 * <p>In C a failed call returns −1 and stores the reason in {@code errno}, which the JVM may
 * overwrite before Java code can read it. So each method here returns the result of its function
 * or, if the function fails, the <b>negated error number</b>, as the kernel does: {@code -EAGAIN}
 * instead of −1. {@link Errno} defines the numbers, and converts a result to an exception.
 *
 * <p>Safe for use by several threads. Before the optimizing compiler has compiled a call, the
 * linker allocates a small object for each call that captures {@code errno}; afterwards calls
 * allocate nothing. The constants are those of Linux on x86-64.
 */
final class Libc {

  static final int AF_INET = 2;
  static final int AF_INET6 = 10;
  static final int SOCK_STREAM = 1;
  static final int SOCK_DGRAM = 2;
  static final int SOCK_NONBLOCK = 0x800;
  static final int SOCK_CLOEXEC = 0x8_0000;

  static final int SOL_SOCKET = 1;
  static final int SO_REUSEADDR = 2;
  static final int IPPROTO_IP = 0;
  static final int IP_PKTINFO = 8;
  static final int IPPROTO_TCP = 6;
  static final int TCP_NODELAY = 1;
  static final int IPPROTO_IPV6 = 41;
  static final int IPV6_RECVPKTINFO = 49;

  /** For {@link #send}: the call fails with EPIPE, without a SIGPIPE. */
  static final int MSG_NOSIGNAL = 0x4000;

  static final int SHUT_WR = 1;

  static final int F_GETFL = 3;
  static final int F_SETFL = 4;
  static final int O_NONBLOCK = 0x800;

  static final short POLLIN = 0x1;
  static final short POLLOUT = 0x4;
  static final short POLLERR = 0x8;
  static final short POLLHUP = 0x10;

  static final int EPOLL_CLOEXEC = 0x8_0000;
  static final int EPOLL_CTL_ADD = 1;
  static final int EPOLL_CTL_DEL = 2;
  static final int EPOLL_CTL_MOD = 3;
  static final int EPOLLIN = 0x1;
  static final int EPOLLPRI = 0x2;
  static final int EPOLLOUT = 0x4;
  static final int EPOLLERR = 0x8;
  static final int EPOLLHUP = 0x10;
  static final int EPOLLRDHUP = 0x2000;
  static final int EPOLLET = 1 << 31;

  static final int EFD_NONBLOCK = 0x800;
  static final int EFD_CLOEXEC = 0x8_0000;

  private static final Linker LINKER = Linker.nativeLinker();

  private static final MethodHandle SOCKET =
      function("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle SETSOCKOPT =
      function("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle BIND = function("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle LISTEN = function("listen", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle GETSOCKNAME =
      function("getsockname", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle ACCEPT4 =
      function("accept4", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
  private static final MethodHandle RECV =
      function("recv", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle SEND =
      function("send", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle RECVMSG =
      function("recvmsg", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SENDMSG =
      function("sendmsg", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SHUTDOWN = function("shutdown", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOSE = function("close", JAVA_INT, JAVA_INT);
  private static final MethodHandle FCNTL =
      variadic(2, "fcntl", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle SELECT =
      function("select", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
  private static final MethodHandle POLL = function("poll", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle EPOLL_CREATE1 = function("epoll_create1", JAVA_INT, JAVA_INT);
  private static final MethodHandle EPOLL_CTL =
      function("epoll_ctl", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle EPOLL_WAIT =
      function("epoll_wait", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle EVENTFD = function("eventfd", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle EVENTFD_WRITE =
      function("eventfd_write", JAVA_INT, JAVA_INT, JAVA_LONG);

  private static final MethodHandle STRERROR = function("strerror", ADDRESS, JAVA_INT);

  private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO = CALL_STATE.varHandle(PathElement.groupElement("errno"));

  /** The memory in which calls store {@code errno}; one for each thread, as in C. */
  private static final ThreadLocal<MemorySegment> STATE =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CALL_STATE));

  private Libc() {}

  /** Finds a C function; its handle takes {@link #state} before the function's own parameters. */
  static MethodHandle function(String name, MemoryLayout result, MemoryLayout... parameters) {
    return function(name, FunctionDescriptor.of(result, parameters), List.of());
  }

  /** Finds a variadic C function such as {@code fcntl}, with the number of declared parameters. */
  static MethodHandle variadic(
      int declared, String name, MemoryLayout result, MemoryLayout... parameters) {
    return function(
        name,
        FunctionDescriptor.of(result, parameters),
        List.of(Linker.Option.firstVariadicArg(declared)));
  }

  @SuppressWarnings("restricted") // A wrong type would crash the JVM.
  private static MethodHandle function(
      String name, FunctionDescriptor type, List<Linker.Option> options) {
    List<Linker.Option> all = new ArrayList<>(options);
    all.add(Linker.Option.captureCallState("errno"));
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name), type, all.toArray(Linker.Option[]::new));
  }

  /** The memory in which this thread's calls store their error number. */
  static MemorySegment state() {
    return STATE.get();
  }

  /** Returns a function's result or, if it is negative, the negated error number. */
  static int orError(long result) {
    return result < 0 ? -(int) ERRNO.get(state(), 0L) : (int) result;
  }

  /** Converts a throwable that a handle declares; none occurs if a call has the handle's types. */
  static AssertionError unexpected(Throwable e) {
    return switch (e) {
      case RuntimeException it -> throw it;
      case Error it -> throw it;
      default -> new AssertionError(e);
    };
  }

  static int socket(int domain, int type, int protocol) {
    try {
      return orError((int) SOCKET.invokeExact(state(), domain, type, protocol));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int setsockopt(int fd, int level, int option, MemorySegment value) {
    try {
      return orError(
          (int) SETSOCKOPT.invokeExact(state(), fd, level, option, value, (int) value.byteSize()));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int bind(int fd, MemorySegment address) {
    try {
      return orError((int) BIND.invokeExact(state(), fd, address, (int) address.byteSize()));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int listen(int fd, int backlog) {
    try {
      return orError((int) LISTEN.invokeExact(state(), fd, backlog));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Returns the address to which a socket is bound.
   *
   * @param length an int: before the call the size of {@code address}, afterwards the size of the
   *     result
   */
  static int getsockname(int fd, MemorySegment address, MemorySegment length) {
    try {
      return orError((int) GETSOCKNAME.invokeExact(state(), fd, address, length));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Accepts a connection, without the client's address. */
  static int accept4(int fd, int flags) {
    try {
      return orError(
          (int) ACCEPT4.invokeExact(state(), fd, MemorySegment.NULL, MemorySegment.NULL, flags));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Receives at most {@code length} bytes into the start of {@code buffer}; returns 0 after a FIN.
   */
  static int recv(int fd, MemorySegment buffer, int length, int flags) {
    Objects.checkFromIndexSize(0, length, buffer.byteSize());
    try {
      return orError((long) RECV.invokeExact(state(), fd, buffer, (long) length, flags));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Sends from the start of {@code buffer}; returns the number of bytes that the kernel accepted.
   */
  static int send(int fd, MemorySegment buffer, int length, int flags) {
    Objects.checkFromIndexSize(0, length, buffer.byteSize());
    try {
      return orError((long) SEND.invokeExact(state(), fd, buffer, (long) length, flags));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Receives a datagram into the buffer of a {@link MsgHdr}; returns its length in bytes. */
  static int recvmsg(int fd, MemorySegment header, int flags) {
    try {
      return orError((long) RECVMSG.invokeExact(state(), fd, header, flags));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int sendmsg(int fd, MemorySegment header, int flags) {
    try {
      return orError((long) SENDMSG.invokeExact(state(), fd, header, flags));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int shutdown(int fd, int how) {
    try {
      return orError((int) SHUTDOWN.invokeExact(state(), fd, how));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Must not be repeated after an error: the descriptor is already free, and may be in use again.
   */
  static int close(int fd) {
    try {
      return orError((int) CLOSE.invokeExact(state(), fd));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** The argument is an int or an address, depending on the command. */
  static int fcntl(int fd, int command, long argument) {
    try {
      return orError((int) FCNTL.invokeExact(state(), fd, command, argument));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Each set and the timeout may be {@link MemorySegment#NULL}. */
  static int select(
      int count,
      MemorySegment readable,
      MemorySegment writable,
      MemorySegment exceptional,
      MemorySegment timeout) {
    try {
      return orError(
          (int) SELECT.invokeExact(state(), count, readable, writable, exceptional, timeout));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int poll(MemorySegment descriptors, int count, int timeoutMillis) {
    try {
      return orError((int) POLL.invokeExact(state(), descriptors, (long) count, timeoutMillis));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int epollCreate1(int flags) {
    try {
      return orError((int) EPOLL_CREATE1.invokeExact(state(), flags));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int epollCtl(int epoll, int operation, int fd, MemorySegment event) {
    try {
      return orError((int) EPOLL_CTL.invokeExact(state(), epoll, operation, fd, event));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int epollWait(int epoll, MemorySegment events, int maxEvents, int timeoutMillis) {
    try {
      return orError(
          (int) EPOLL_WAIT.invokeExact(state(), epoll, events, maxEvents, timeoutMillis));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int eventfd(int initial, int flags) {
    try {
      return orError((int) EVENTFD.invokeExact(state(), initial, flags));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int eventfdWrite(int fd, long value) {
    try {
      return orError((int) EVENTFD_WRITE.invokeExact(state(), fd, value));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Returns the description of an error number; not a system call. */
  @SuppressWarnings("restricted") // C returns a string that ends with a zero byte.
  static String strerror(int number) {
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(state(), number);
      return text.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }
}
