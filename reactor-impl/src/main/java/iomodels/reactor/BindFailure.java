package iomodels.reactor;

import iomodels.netty.StartFailures;
import java.io.IOException;
import java.net.BindException;
import reactor.netty.ChannelBindException;

/** Finds the reason of a failed bind in the exceptions of Reactor Netty. */
public final class BindFailure {

  private BindFailure() {}

  /**
   * Returns the exception to report. Reactor Netty keeps no reason when UDP fails. The same address
   * was just bound for TCP, so the UDP port must be in use.
   */
  public static IOException of(Throwable failure) {
    if (failure instanceof ChannelBindException refused) {
      return refused.getCause() == null
          ? new BindException("Address already in use, for UDP: " + refused.getMessage())
          : of(refused.getCause());
    }
    return StartFailures.of(failure);
  }
}
