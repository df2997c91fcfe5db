package iomodels.wrong;

import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** A connection of a {@link CorrectServer}. Only its own thread writes to the channel. */
final class Conversation {

  static final int CAPACITY = 16 * 1024;

  final SocketChannel channel;
  final Session session;

  /** Input that the session has not consumed, between position and limit. */
  final ByteBuffer in = ByteBuffer.allocate(CAPACITY).limit(0);

  /** Output that has not been sent, between position and limit. */
  final ByteBuffer out = ByteBuffer.allocate(CAPACITY);

  volatile Progress progress = Progress.UNDERFLOW;

  /** Whether the server waits for input, and since when, in nanoseconds. */
  volatile boolean waiting;

  volatile long waitingSince;

  /** Whether any input has been received. */
  volatile boolean hasReceived;

  /** Number of bytes sent; used by the connection's own thread only. */
  long bytesSent;

  Conversation(SocketChannel channel, Session session) {
    this.channel = channel;
    this.session = session;
  }
}
