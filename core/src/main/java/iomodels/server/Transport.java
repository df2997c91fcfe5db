package iomodels.server;

import java.util.Locale;

/** What carries the bytes below a framework that offers a choice. */
public enum Transport {
  /** {@link java.nio.channels.Selector}: in every JDK. */
  NIO,
  /** Linux's epoll, called natively. */
  EPOLL,
  /** Linux's io_uring, called natively. */
  IO_URING;

  /** As it is written on a command line, such as {@code io_uring}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
