package iomodels.linux;

import static iomodels.linux.Sockets.NONE;

import iomodels.server.ServerConfig;
import iomodels.time.Deadline;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * The listening socket of a loop. If the process runs out of file descriptors, it pauses: a
 * connection that cannot be accepted stays in the backlog and is reported again at once, so a
 * level-triggered loop would spin. During a pause the loop must not wait for this socket. The pause
 * ends when a connection has closed, or after 100 ms, since other parts of the process use
 * descriptors as well.
 *
 * <p>Confined to the thread of the loop.
 */
final class Listener {

  private static final Duration PAUSE = Duration.ofMillis(100);

  private int fd = NONE;
  private boolean paused;
  private Deadline pauseEnd = Deadline.in(Duration.ZERO);

  /**
   * Binds the socket and listens.
   *
   * @return its address, with the actual port
   * @throws java.net.BindException if the address cannot be used
   */
  InetSocketAddress bind(ServerConfig config) throws IOException {
    fd = Sockets.listen(config.address(), config.backlog());
    return Sockets.address(fd);
  }

  /** The descriptor; {@link Sockets#NONE} before {@link #bind} and after {@link #close}. */
  int fd() {
    return fd;
  }

  /**
   * Accepts a connection.
   *
   * @return its descriptor; {@link Sockets#NONE} if none is pending, or if there is no free
   *     descriptor: the listener is then paused
   */
  int accept() {
    try {
      return Sockets.accept(fd);
    } catch (IOException _) {
      pause();
      return NONE;
    }
  }

  /** Pauses accepting, because the process is out of descriptors. */
  void pause() {
    paused = true;
    pauseEnd = Deadline.in(PAUSE);
  }

  /**
   * Whether accepting is paused: the loop must not wait for connections, but call {@link
   * #resumeIfDue} soon.
   */
  boolean isPaused() {
    return paused;
  }

  /** Makes the next {@link #resumeIfDue} end the pause, because a descriptor is free. */
  void descriptorFreed() {
    if (paused) {
      pauseEnd = Deadline.in(Duration.ZERO);
    }
  }

  /**
   * Resumes accepting if the pause is over.
   *
   * @return whether accepting has resumed: the loop has to wait for connections again
   */
  boolean resumeIfDue() {
    boolean resumes = paused && pauseEnd.isOver();
    paused &= !resumes;
    return resumes;
  }

  /** Closes the socket; the kernel resets connections that have not been accepted. Idempotent. */
  void close() {
    Libc.close(fd);
    fd = NONE;
    paused = false;
  }
}
