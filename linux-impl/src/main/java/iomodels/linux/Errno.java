package iomodels.linux;

import java.io.IOException;
import java.util.Map;

/** Error numbers. If a method of {@link Libc} fails, it returns one of them, negated. */
final class Errno {

  static final int EPERM = 1;
  static final int EINTR = 4;
  static final int EBADF = 9;
  static final int EAGAIN = 11;
  static final int ENOMEM = 12;
  static final int EACCES = 13;
  static final int EBUSY = 16;
  static final int EINVAL = 22;
  static final int ENFILE = 23;
  static final int EMFILE = 24;
  static final int EPIPE = 32;
  static final int ENOSYS = 38;
  static final int ETIME = 62;
  static final int ENONET = 64;
  static final int EPROTO = 71;
  static final int ENOPROTOOPT = 92;
  static final int EAFNOSUPPORT = 97;
  static final int EADDRINUSE = 98;
  static final int EADDRNOTAVAIL = 99;
  static final int ENETDOWN = 100;
  static final int ENETUNREACH = 101;
  static final int ECONNABORTED = 103;
  static final int ECONNRESET = 104;
  static final int ENOBUFS = 105;
  static final int ENOTCONN = 107;
  static final int EHOSTDOWN = 112;
  static final int EHOSTUNREACH = 113;
  static final int ECANCELED = 125;

  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(EPERM, "EPERM"),
          Map.entry(EINTR, "EINTR"),
          Map.entry(EBADF, "EBADF"),
          Map.entry(EAGAIN, "EAGAIN"),
          Map.entry(ENOMEM, "ENOMEM"),
          Map.entry(EACCES, "EACCES"),
          Map.entry(EBUSY, "EBUSY"),
          Map.entry(EINVAL, "EINVAL"),
          Map.entry(ENFILE, "ENFILE"),
          Map.entry(EMFILE, "EMFILE"),
          Map.entry(EPIPE, "EPIPE"),
          Map.entry(ENOSYS, "ENOSYS"),
          Map.entry(ETIME, "ETIME"),
          Map.entry(ENONET, "ENONET"),
          Map.entry(EPROTO, "EPROTO"),
          Map.entry(ENOPROTOOPT, "ENOPROTOOPT"),
          Map.entry(EAFNOSUPPORT, "EAFNOSUPPORT"),
          Map.entry(EADDRINUSE, "EADDRINUSE"),
          Map.entry(EADDRNOTAVAIL, "EADDRNOTAVAIL"),
          Map.entry(ENETDOWN, "ENETDOWN"),
          Map.entry(ENETUNREACH, "ENETUNREACH"),
          Map.entry(ECONNABORTED, "ECONNABORTED"),
          Map.entry(ECONNRESET, "ECONNRESET"),
          Map.entry(ENOBUFS, "ENOBUFS"),
          Map.entry(ENOTCONN, "ENOTCONN"),
          Map.entry(EHOSTDOWN, "EHOSTDOWN"),
          Map.entry(EHOSTUNREACH, "EHOSTUNREACH"),
          Map.entry(ECANCELED, "ECANCELED"));

  private Errno() {}

  /** Returns the result of a call; throws an exception if the call has failed. */
  static int check(String call, int result) throws IOException {
    if (result < 0) {
      throw exception(call, result);
    }
    return result;
  }

  /** Does the same for a call that waits; returns 0 if a signal has interrupted it. */
  static int checkWait(String call, int result) throws IOException {
    return result == -EINTR ? 0 : check(call, result);
  }

  /** Whether a failed call can be repeated later: it would have blocked, or was interrupted. */
  static boolean isTransient(int result) {
    return result == -EAGAIN || result == -EINTR;
  }

  /**
   * Whether {@code accept} failed only for the connection at the head of the queue, so that the
   * next one can be accepted at once: {@code accept(2)}, "Error handling". EPERM is not among these
   * errors: a security module returns it before a connection is removed from the queue, so the next
   * call would fail as well.
   */
  static boolean isOfOneConnection(int result) {
    return switch (-result) {
      case ECONNABORTED,
          EPROTO,
          ENOPROTOOPT,
          ENONET,
          ENETDOWN,
          ENETUNREACH,
          EHOSTDOWN,
          EHOSTUNREACH ->
          true;
      default -> false;
    };
  }

  /** Creates the exception for a failed call. */
  static IOException exception(String call, int result) {
    return new IOException(message(call, result));
  }

  /** Creates the message of the exception for a failed call. */
  static String message(String call, int result) {
    return call + ": " + describe(-result);
  }

  /**
   * Returns the text and the name of an error number, such as {@code Address already in use
   * (EADDRINUSE)}.
   */
  static String describe(int number) {
    return "%s (%s)"
        .formatted(Libc.strerror(number), NAMES.getOrDefault(number, "errno " + number));
  }
}
