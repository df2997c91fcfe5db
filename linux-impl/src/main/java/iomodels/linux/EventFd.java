package iomodels.linux;

import static iomodels.linux.Errno.check;

import java.io.IOException;

/**
 * A descriptor by which any thread can wake a loop that waits for descriptors: readable from the
 * first {@link #signal} on. Safe for use by several threads: after {@link #close} a signal goes
 * nowhere, rather than to whoever has been given the same descriptor since.
 */
final class EventFd implements AutoCloseable {

  private final int fd;
  private boolean closed;

  EventFd() throws IOException {
    fd = check("eventfd", Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC));
  }

  /** The descriptor to wait for. */
  int fd() {
    return fd;
  }

  synchronized void signal() {
    if (!closed) {
      Libc.eventfdWrite(fd, 1);
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Libc.close(fd);
    }
  }
}
