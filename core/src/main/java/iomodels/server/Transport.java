package iomodels.server;

import java.util.Locale;

/** The system interface that a framework does its I/O with, if it offers a choice. */
public enum Transport {
  /** {@link java.nio.channels.Selector}, which every JDK has. */
  NIO,
  /** Linux's epoll(7), called through native code. */
  EPOLL,
  /** Linux's io_uring(7), called through native code. */
  IO_URING;

  /** The name on the command line, such as {@code io_uring}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
