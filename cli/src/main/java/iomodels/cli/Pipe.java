package iomodels.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;

/**
 * Standard input and output where one of them is no terminal: nothing but the bytes, and no charset
 * that could spoil them.
 */
final class Pipe implements User {

  private final InputStream in;
  private final OutputStream out;
  private final boolean raw;
  private final byte[] chunk = new byte[64 * 1024];
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private final ByteArrayOutputStream lines = new ByteArrayOutputStream();

  Pipe(InputStream in, OutputStream out, boolean raw) {
    this.in = in;
    this.out = out;
    this.raw = raw;
  }

  /** As many lines as have come; in raw mode whatever has come. */
  @Override
  public Optional<byte[]> next() throws IOException {
    while (true) {
      int count = in.read(chunk);
      if (raw) {
        lines.write(chunk, 0, Math.max(count, 0));
      } else if (count < 0) {
        endLine();
      } else {
        splitLines(count);
      }
      if (lines.size() > 0 || count < 0) {
        byte[] said = lines.toByteArray();
        lines.reset();
        return said.length > 0 ? Optional.of(said) : Optional.empty();
      }
    }
  }

  private void splitLines(int count) {
    int from = 0;
    for (int i = 0; i < count; i++) {
      if (chunk[i] == '\n') {
        line.write(chunk, from, i - from);
        endLine();
        from = i + 1;
      }
    }
    line.write(chunk, from, count - from);
  }

  private void endLine() {
    byte[] bytes = line.toByteArray();
    line.reset();
    int from = 0;
    int to = bytes.length;
    while (from < to && isSpace(bytes[from])) {
      from++;
    }
    while (from < to && isSpace(bytes[to - 1])) {
      to--;
    }
    if (from < to) {
      lines.write(bytes, from, to - from);
      lines.write('\n');
    }
  }

  /** ASCII's white space, as Python's {@code bytes.strip} has it. */
  private static boolean isSpace(byte octet) {
    return octet == ' ' || (octet >= '\t' && octet <= '\r');
  }

  @Override
  public boolean hasMore() {
    try {
      return line.size() > 0 || in.available() > 0;
    } catch (IOException _) {
      return false;
    }
  }

  @Override
  public void show(byte[] bytes, int length) throws IOException {
    out.write(bytes, 0, length);
    out.flush();
  }

  @Override
  public void pause() {
    // Nothing was held back.
  }

  @Override
  public void close() {
    // The streams belong to the process; a read from standard input cannot be ended.
  }
}
