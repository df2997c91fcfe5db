package iomodels.lab.trace;

import java.util.Set;

/** The names of system calls, by what they do. */
public final class SystemCalls {

  /** Calls that receive. */
  public static final Set<String> READS =
      Set.of("read", "readv", "recvfrom", "recvmsg", "recvmmsg");

  /** Calls that send. */
  public static final Set<String> WRITES =
      Set.of("write", "writev", "sendto", "sendmsg", "sendmmsg", "sendfile", "splice");

  /** Calls that accept a connection. */
  public static final Set<String> ACCEPTS = Set.of("accept", "accept4");

  /** Calls that wait until one of several descriptors is ready, or a signal comes. */
  public static final Set<String> READINESS =
      Set.of(
          "poll",
          "ppoll",
          "select",
          "pselect6",
          "epoll_wait",
          "epoll_pwait",
          "epoll_pwait2",
          "rt_sigtimedwait");

  private SystemCalls() {}
}
