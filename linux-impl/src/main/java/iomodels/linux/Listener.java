package iomodels.linux;

import static iomodels.linux.Sockets.NONE;

import iomodels.server.ServerConfig;
import iomodels.time.Deadline;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * The listening socket of a loop. When the process runs out of file descriptors, it pauses: a
 * connection that cannot be accepted stays in the backlog, and a level-triggered loop would be told
 * of it again at once, and spin. While it is paused the loop must not wait for it. The pause ends
 * when a connection has closed, or after 100 ms, since other parts of the process use descriptors
 * as well.
 *
 * <p>For the thread of the loop.
 */
final class Listener {

  private static final Duration PAUSE = Duration.ofMillis(100);

  private int fd = NONE;
  private boolean paused;
  private Deadline pauseEnd = Deadline.in(Duration.ZERO);

  /**
   * Binds the socket and listens.
   *
   * @return its address, with the real port
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
   * @return its descriptor; {@link Sockets#NONE} if none is pending, or if there is no descriptor
   *     for it, after which the listener is paused
   */
  int accept() {
    try {
      return Sockets.accept(fd);
    } catch (IOException _) {
      pause();
      return NONE;
    }
  }

  /** Stops accepting for a while: the process is out of descriptors. */
  void pause() {
    paused = true;
    pauseEnd = Deadline.in(PAUSE);
  }

  /** Whether the loop must not wait for connections, and has to call {@link #resumeIfDue} soon. */
  boolean isPaused() {
    return paused;
  }

  /** Ends the pause at the next {@link #resumeIfDue}: a descriptor has become free. */
  void descriptorFreed() {
    if (paused) {
      pauseEnd = Deadline.in(Duration.ZERO);
    }
  }

  /**
   * Ends the pause if it is over.
   *
   * @return whether the loop has to wait for connections again
   */
  boolean resumeIfDue() {
    boolean resumes = paused && pauseEnd.isOver();
    paused &= !resumes;
    return resumes;
  }

  /** Closes the socket, once; connections that have not been accepted are reset. */
  void close() {
    Libc.close(fd);
    fd = NONE;
    paused = false;
  }
}
