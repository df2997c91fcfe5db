package iomodels.netty;

import io.netty.channel.unix.Errors.NativeIoException;
import java.io.IOException;
import java.net.BindException;
import java.util.Set;

/** The reasons why a server does not start, as exceptions of the JDK. */
public final class StartFailures {

  private static final int EPERM = 1;
  private static final int EACCES = 13;
  private static final int EADDRINUSE = 98;
  private static final int EADDRNOTAVAIL = 99;

  /** For these the JDK's own channels throw a BindException ({@code Net.c, handleSocketError}). */
  private static final Set<Integer> BIND_REFUSED = Set.of(EPERM, EACCES, EADDRINUSE, EADDRNOTAVAIL);

  private StartFailures() {}

  /**
   * The exception to report for a server that could not be started.
   *
   * @param failure what Netty has thrown: its native transports have an exception of their own for
   *     what bind(2) refuses; and an event loop that gets no thread throws an OutOfMemoryError
   * @return a {@link BindException} if the address is refused, on every transport
   */
  public static IOException of(Throwable failure) {
    return switch (failure) {
      case OutOfMemoryError shortage -> noThread(shortage);
      case NativeIoException refused when BIND_REFUSED.contains(-refused.expectedErr()) ->
          new BindException(refused.getMessage());
      case IOException io -> io;
      default -> new IOException(failure);
    };
  }

  /**
   * Says what is short and how to get more, instead of an error that speaks of memory.
   *
   * @param cause what {@link Thread#start} has thrown
   */
  public static IOException noThread(OutOfMemoryError cause) {
    return new IOException(
        "the system has no thread left (%s); raise the limit: ulimit -u, or pids.max of the cgroup"
            .formatted(cause.getMessage()),
        cause);
  }
}
