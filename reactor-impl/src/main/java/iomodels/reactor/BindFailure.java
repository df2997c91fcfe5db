package iomodels.reactor;

import java.io.IOException;
import java.net.BindException;
import reactor.netty.ChannelBindException;

/** What it means that a port could not be bound. */
final class BindFailure {

  private BindFailure() {}

  /** Netty's native transports have an exception of their own for what bind(2) refuses. */
  static IOException of(Throwable failure) {
    if (failure instanceof ChannelBindException refused && refused.getCause() != null) {
      return of(refused.getCause());
    }
    String message = String.valueOf(failure.getMessage());
    if (message.startsWith("bind(")) {
      return new BindException(message);
    }
    return failure instanceof IOException io ? io : new IOException(failure);
  }
}
