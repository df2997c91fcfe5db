package iomodels.wrong.program;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/** Reads a peer's input line by line. */
class Lines {

  private static final int BUFFER_SIZE = 2 * 1024;

  final SocketChannel channel;
  final ByteBuffer in = ByteBuffer.allocate(BUFFER_SIZE).limit(0);
  private final LineReader reader = new LineReader();

  Lines(SocketChannel channel) {
    this.channel = channel;
  }

  /** Returns the next line; empty at FIN. */
  Optional<String> next() throws IOException, InterruptedException, LineTooLongException {
    Optional<String> line = reader.next(in);
    while (line.isEmpty() && receive()) {
      line = reader.next(in);
    }
    return line;
  }

  /** Receives at least one byte; returns false at FIN. */
  boolean receive() throws IOException, InterruptedException {
    int n = channel.read(in.clear());
    in.flip();
    return n >= 0;
  }

  /** Discards input until FIN: closing with unread input would send RST. */
  void discard() throws IOException, InterruptedException {
    while (receive()) {
      in.clear();
    }
  }
}
