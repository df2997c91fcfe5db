package iomodels.server;

import java.util.Locale;

/** The system interface below a framework that offers several. */
public enum Transport {
  /** {@link java.nio.channels.Selector}: in every JDK. */
  NIO,
  /** Linux's epoll, called natively. */
  EPOLL,
  /** Linux's io_uring, called natively. */
  IO_URING;

  /** The name on the command line, such as {@code io_uring}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
