package iomodels.wrong;

import iomodels.service.Session;
import iomodels.service.Session.Progress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** One connection of a {@link CorrectServer}: only its own thread writes to it. */
final class Conversation {

  static final int CAPACITY = 16 * 1024;

  final SocketChannel channel;
  final Session session;

  /** What the client has said, from position to limit. */
  final ByteBuffer in = ByteBuffer.allocate(CAPACITY).limit(0);

  /** What it is to be told, from position to limit. */
  final ByteBuffer out = ByteBuffer.allocate(CAPACITY);

  volatile Progress progress = Progress.UNDERFLOW;

  /** Whether the server waits for the client to say something, and since when. */
  volatile boolean waiting;

  volatile long waitingSince;

  /** Whether the client has said anything yet. */
  volatile boolean heard;

  /** How many bytes it has been told; only for its own thread. */
  long said;

  Conversation(SocketChannel channel, Session session) {
    this.channel = channel;
    this.session = session;
  }
}
