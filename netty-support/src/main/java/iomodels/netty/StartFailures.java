package iomodels.netty;

import io.netty.channel.unix.Errors.NativeIoException;
import java.io.IOException;
import java.net.BindException;
import java.util.Set;

/** Converts the failures of a server's start to exceptions of the JDK. */
public final class StartFailures {

  private static final int EPERM = 1;
  private static final int EACCES = 13;
  private static final int EADDRINUSE = 98;
  private static final int EADDRNOTAVAIL = 99;

  /**
   * Errors for which the JDK's channels throw a BindException ({@code Net.c, handleSocketError}).
   */
  private static final Set<Integer> BIND_REFUSED = Set.of(EPERM, EACCES, EADDRINUSE, EADDRNOTAVAIL);

  private StartFailures() {}

  /**
   * Returns the exception to report for a server that could not be started.
   *
   * @param failure the exception or error of Netty: native transports throw their own exception if
   *     bind(2) fails, and an event loop throws an OutOfMemoryError if it cannot start its thread
   * @return a {@link BindException} if the address cannot be used, on every transport
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
   * Converts an error whose message mentions only memory to an exception that names the remedy.
   *
   * @param cause the error of {@link Thread#start}
   */
  public static IOException noThread(OutOfMemoryError cause) {
    return new IOException(
        "the system has no thread left (%s); raise the limit: ulimit -u, or pids.max of the cgroup"
            .formatted(cause.getMessage()),
        cause);
  }
}
