package iomodels.blocking.programs;

import static iomodels.blocking.Sockets.closeQuietly;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import iomodels.http.HttpBuffers;
import iomodels.http.HttpConversation;
import iomodels.http.HttpConversation.Progress;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
import iomodels.time.Deadline;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * An HTTP server with one virtual thread for each connection. A thread that blocks in {@code write}
 * does not read: that is all of the back-pressure. It waits for a time in {@code read} as well,
 * with a time limit, so that it notices a client that has gone while no event is due.
 *
 * <p>{@link HttpConversation} decides what to answer; this page decides when to read and to write.
 */
final class VirtualHttp {

  /** How long the server reads on after its FIN. */
  private static final Duration LINGER = Duration.ofSeconds(2);

  private VirtualHttp() {}

  // tag::accept[]
  static Server start(ProgramConfig config) throws IOException {
    return new ProgramHost(config, peer -> new Client(peer, config));
  }

  // end::accept[]

  private static final class Client implements ProgramHost.Conversation {

    private final SocketChannel peer;
    private final HttpConversation http;
    private ByteBuffer in = HttpBuffers.small();
    private boolean endOfInput;

    /** Whether the server stops; guarded by this. */
    private boolean stopping;

    /** Whether the thread waits, and no part of a request has arrived; guarded by this. */
    private boolean idle;

    Client(SocketChannel peer, ProgramConfig config) {
      this.peer = peer;
      this.http = new HttpConversation(config);
    }

    // tag::converse[]
    @Override
    public void run() {
      try (peer;
          http) {
        peer.setOption(TCP_NODELAY, true);
        boolean isLong = false; // Whether a response has not fitted into a small buffer.
        Progress next = advance(HttpBuffers.small());
        while (next != Progress.FINISHED) {
          switch (next) {
            case UNDERFLOW, WAITING -> await();
            case FILE -> sendFile();
            case OVERFLOW, FINISHED -> {}
          }
          isLong |= next == Progress.OVERFLOW;
          next = advance(isLong ? HttpBuffers.large() : HttpBuffers.small());
        }
        closeInStages();
      } catch (IOException | InterruptedException | OutOfMemoryError _) {
        // The client has gone.
      }
    }

    /** Does what can be done at once. While the thread waits, it needs no buffer for output. */
    private Progress advance(ByteBuffer out) throws IOException {
      Progress next = http.advance(in.flip(), out, endOfInput, System.nanoTime());
      in.compact();
      write(out);
      return next;
    }

    private void write(ByteBuffer out) throws IOException {
      out.flip();
      while (out.hasRemaining()) {
        peer.write(out); // Blocks while the client does not read.
      }
    }

    // end::converse[]

    // tag::wait[]
    /** Waits for input, or until something is due, or until the server stops. */
    private void await() throws IOException, InterruptedException {
      OptionalLong due = http.due();
      long left = due.isPresent() ? due.getAsLong() - System.nanoTime() : 0;
      if ((due.isPresent() && left <= 0) || isToldToStop()) {
        return;
      }
      if (endOfInput || !in.hasRemaining()) {
        sleep(left);
      } else {
        endOfInput = !read(NANOSECONDS.toMillis(left) + (due.isPresent() ? 1 : 0));
      }
      busy();
    }

    /**
     * Tells the conversation, once, that the server stops; or else marks this thread as waiting.
     */
    private synchronized boolean isToldToStop() {
      boolean isNew = stopping && !http.isStopping();
      if (isNew) {
        http.stop();
      }
      idle = !isNew && !http.isReceiving();
      return isNew;
    }

    private synchronized void busy() {
      idle = false;
    }

    /** Waits without reading; a stop ends it, too. */
    private synchronized void sleep(long nanos) throws IOException, InterruptedException {
      if (!peer.isOpen()) {
        throw new ClosedChannelException(); // The grace period is over.
      }
      NANOSECONDS.timedWait(this, nanos);
    }

    /** Reads, for so many milliseconds at most, or without a limit if it is 0; false at FIN. */
    private boolean read(long limit) throws IOException {
      peer.socket().setSoTimeout((int) limit);
      try {
        int n =
            peer.socket()
                .getInputStream()
                .read(in.array(), in.arrayOffset() + in.position(), in.remaining());
        in.position(in.position() + Math.max(0, n));
        in = in.hasRemaining() ? in : HttpBuffers.grow(in);
        return n >= 0;
      } catch (SocketTimeoutException _) {
        return true;
      }
    }

    // end::wait[]

    // tag::file[]
    /**
     * Sends a file by sendfile(2), which does not block in a virtual thread, whose sockets do not
     * block either: if there is no room, a write waits for it.
     */
    private void sendFile() throws IOException {
      while (!http.transferFile(peer)) {
        ByteBuffer part = HttpBuffers.large();
        http.copyFile(part);
        write(part);
      }
    }

    // end::file[]

    // tag::close[]
    /** Closing with unread input would send RST, and the client could lose the last response. */
    private void closeInStages() throws IOException {
      peer.shutdownOutput();
      Deadline deadline = Deadline.in(LINGER);
      while (!endOfInput && !deadline.isOver()) {
        endOfInput = !read(NANOSECONDS.toMillis(deadline.nanos() - System.nanoTime()) + 1);
        in.clear();
      }
    }

    @Override
    public synchronized void endInput() {
      stopping = true;
      if (idle) {
        closeQuietly(peer::shutdownInput); // Wakes the thread if it reads.
      }
      notifyAll();
    }

    @Override
    public synchronized void abort() {
      closeQuietly(peer);
      notifyAll();
    }
    // end::close[]
  }
}
