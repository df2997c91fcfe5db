package iomodels.linux;

import static iomodels.linux.Errno.check;

import java.io.IOException;

/**
 * A descriptor by which any thread can wake a loop that waits for descriptors: it is readable from
 * the first {@link #signal} on. Safe for use by several threads. A signal after {@link #close} has
 * no effect, since another file may have the same descriptor by then. See eventfd(2).
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
