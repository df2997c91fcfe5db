package iomodels.cli.connect;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One connection between a {@link LocalUser} and a server.
 *
 * <p>It has two threads: the caller's thread receives and prints replies; a second one reads input
 * and sends it. So a full buffer in one direction cannot block the other, and the session notices
 * that the server closes the connection while it waits for input.
 */
public final class ClientSession {

  /** How a session ended. */
  public enum Ending {
    /** The server sent FIN after ours, and has answered something, unless nothing was sent. */
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

  /** After this pause, an incomplete line of a reply is printed. */
  private static final int PAUSE_MILLIS = 50;

  private final Socket socket;
  private final LocalUser user;

  private volatile boolean sent;
  private volatile boolean received;
  private volatile boolean answered = true;
  private volatile boolean inputEnded;
  private volatile boolean sendingFailed;
  private volatile boolean interrupted;
  private volatile @Nullable IOException inputFailure;

  /** A session on a connected socket. */
  public ClientSession(Socket socket, LocalUser user) {
    this.socket = socket;
    this.user = user;
  }

  /**
   * Runs the session until the server ends it, or the user interrupts it.
   *
   * @throws IOException if input or output of the user failed
   */
  public Ending run() throws IOException {
    socket.setSoTimeout(PAUSE_MILLIS);
    // A daemon thread, since a read from standard input cannot be interrupted.
    Thread.ofPlatform().daemon().name("sender").start(this::sendInput);
    boolean reset = receive();
    user.pause();
    IOException failure = inputFailure;
    if (failure != null) {
      throw failure;
    } else if (interrupted) {
      return Ending.INTERRUPTED;
    } else if (reset) {
      return Ending.RESET;
    } else if (inputEnded && (received || !sent)) {
      return Ending.COMPLETE;
    }
    return sendingFailed || !answered || user.hasMore() ? Ending.CUT_OFF : Ending.CLOSED;
  }

  /** Prints replies until the server ends the connection; returns whether it reset it. */
  private boolean receive() throws IOException {
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
      received = true;
      answered = true;
      user.show(buffer, count);
    }
  }

  private void sendInput() {
    try {
      Optional<byte[]> input = user.next();
      while (input.isPresent()) {
        sent = true;
        answered = false;
        if (!send(input.get())) {
          return;
        }
        input = user.next();
      }
      inputEnded = true;
      endOutput();
    } catch (InterruptedIOException _) {
      interrupted = true;
      closeQuietly();
    } catch (IOException e) {
      inputFailure = e;
      closeQuietly();
    }
  }

  private boolean send(byte[] bytes) {
    try {
      socket.getOutputStream().write(bytes);
      return true;
    } catch (IOException _) {
      // Continue receiving: replies that the server sent before are still printed.
      sendingFailed = true;
      return false;
    }
  }

  private void endOutput() {
    try {
      socket.shutdownOutput();
    } catch (IOException _) {
      // The server has closed the connection already; the receiver finds out how.
    }
  }

  private void closeQuietly() {
    try {
      socket.close();
    } catch (IOException _) {
      // The session ends in any case.
    }
  }
}
