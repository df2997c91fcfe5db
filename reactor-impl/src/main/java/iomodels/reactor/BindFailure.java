package iomodels.reactor;

import iomodels.netty.StartFailures;
import java.io.IOException;
import java.net.BindException;
import reactor.netty.ChannelBindException;

/** The reason why a port could not be bound, out of the exception in which Reactor Netty has it. */
public final class BindFailure {

  private BindFailure() {}

  /**
   * The exception to report. Reactor Netty keeps no reason when UDP is refused: the address has
   * just been good for TCP, so it is in use.
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
