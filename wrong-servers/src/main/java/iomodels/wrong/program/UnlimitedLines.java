package iomodels.wrong.program;

import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/** Reads lines of any length. */
class UnlimitedLines extends Lines {

  private final ByteArrayOutputStream begun = new ByteArrayOutputStream();

  UnlimitedLines(SocketChannel channel) {
    super(channel);
  }

  @Override
  Optional<String> next() throws IOException, InterruptedException, LineTooLongException {
    do {
      while (in.hasRemaining()) {
        byte octet = in.get();
        if (octet == '\n') {
          String line = begun.toString(UTF_8);
          begun.reset();
          ended(line);
          return Optional.of(line.endsWith("\r") ? line.substring(0, line.length() - 1) : line);
        }
        begun.write(octet);
      }
    } while (receive());
    return Optional.empty();
  }

  /** Called with each line, before its CR is dropped. */
  void ended(String line) throws LineTooLongException {}

  static void demandShort(int length) throws LineTooLongException {
    if (length > LineReader.MAX_BYTES) {
      new LineReader().next(ByteBuffer.allocate(2 * LineReader.MAX_BYTES)); // It throws.
    }
  }
}
