package iomodels.cli;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One connection between a {@link User} and a server.
 *
 * <p>Two threads: the caller's listens to the server and shows what comes; one of its own asks the
 * user and sends. So neither side can block the other, however much either has to say, and the
 * server's end is seen while the user is still thinking.
 */
final class Conversation {

  /** How it ended. */
  enum Ending {
    /** The server sent FIN after ours. */
    COMPLETE,
    /** The server sent FIN first, after it had answered. */
    CLOSED,
    /** The server sent FIN first, with something unsent or unanswered. */
    CUT_OFF,
    /** The server sent RST. */
    RESET,
    /** The user pressed Ctrl-C. */
    INTERRUPTED
  }

  /** After so long without a byte a reply counts as complete for the time being. */
  private static final int PAUSE_MILLIS = 50;

  private final Socket socket;
  private final User user;

  private volatile boolean answered = true;
  private volatile boolean allSaid;
  private volatile boolean sendingFailed;
  private volatile boolean interrupted;
  private volatile @Nullable IOException inputFailure;

  Conversation(Socket socket, User user) {
    this.socket = socket;
    this.user = user;
  }

  /**
   * Talks until the server has ended it, or the user has interrupted it.
   *
   * @throws IOException if the user's side failed
   */
  Ending hold() throws IOException {
    socket.setSoTimeout(PAUSE_MILLIS);
    // A daemon: nothing can end a read from standard input.
    Thread.ofPlatform().daemon().name("teller").start(this::tell);
    boolean reset = listen();
    user.pause();
    IOException failure = inputFailure;
    if (failure != null) {
      throw failure;
    } else if (interrupted) {
      return Ending.INTERRUPTED;
    } else if (reset) {
      return Ending.RESET;
    } else if (allSaid) {
      return Ending.COMPLETE;
    }
    return sendingFailed || !answered || user.hasMore() ? Ending.CUT_OFF : Ending.CLOSED;
  }

  /** Shows what the server says until it says no more; tells whether that was by a reset. */
  private boolean listen() throws IOException {
    byte[] buffer = new byte[64 * 1024];
    while (true) {
      int count;
      try {
        count = socket.getInputStream().read(buffer);
      } catch (SocketTimeoutException _) {
        user.pause();
        continue;
      } catch (IOException _) {
        return true;
      }
      if (count < 0) {
        return false;
      }
      answered = true;
      user.show(buffer, count);
    }
  }

  private void tell() {
    try {
      Optional<byte[]> said = user.next();
      while (said.isPresent()) {
        answered = false;
        if (!send(said.get())) {
          return;
        }
        said = user.next();
      }
      allSaid = true;
      endOutput();
    } catch (InterruptedIOException _) {
      interrupted = true;
      hangUp();
    } catch (IOException e) {
      inputFailure = e;
      hangUp();
    }
  }

  private boolean send(byte[] bytes) {
    try {
      socket.getOutputStream().write(bytes);
      return true;
    } catch (IOException _) {
      // Listening goes on: what the server said before it left is still to be shown.
      sendingFailed = true;
      return false;
    }
  }

  private void endOutput() {
    try {
      socket.shutdownOutput();
    } catch (IOException _) {
      // The server has left already; the listener learns how.
    }
  }

  private void hangUp() {
    try {
      socket.close();
    } catch (IOException _) {
      // It is over in any case.
    }
  }
}
