package iomodels.wrong.program;

import iomodels.program.LineReader;
import iomodels.program.LineTooLongException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.Charset;
import java.util.Optional;

/** Lines in another character set, whose length is counted in characters. */
class OtherLines extends Lines {

  private final Charset charset;
  private final ByteArrayOutputStream begun;

  /**
   * Creates a reader.
   *
   * @param begun the beginning of a line
   */
  OtherLines(SocketChannel channel, Charset charset, ByteArrayOutputStream begun) {
    super(channel);
    this.charset = charset;
    this.begun = begun;
  }

  @Override
  Optional<String> next() throws IOException, InterruptedException, LineTooLongException {
    do {
      while (in.hasRemaining()) {
        byte octet = in.get();
        if (octet == '\n') {
          return Optional.of(line());
        }
        begun.write(octet);
        if (begun.size() > LineReader.MAX_BYTES) {
          demandShort();
        }
      }
    } while (receive());
    return atEnd();
  }

  private void demandShort() throws LineTooLongException {
    if (begun.toString(charset).replaceFirst("\r$", "").length() > LineReader.MAX_BYTES) {
      begun.reset();
      var _ = new LineReader().next(ByteBuffer.allocate(LineReader.MAX_BYTES + 2)); // It throws.
    }
  }

  /** Returns what is returned at FIN. */
  Optional<String> atEnd() {
    return Optional.empty();
  }

  final String line() {
    String line = begun.toString(charset);
    begun.reset();
    return line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
  }
}
