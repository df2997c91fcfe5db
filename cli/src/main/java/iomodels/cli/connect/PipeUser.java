package iomodels.cli.connect;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;

/**
 * Standard input and output if one of them is not a terminal: bytes are copied without a prompt and
 * without a charset.
 */
public final class PipeUser implements LocalUser {

  private final InputStream in;
  private final OutputStream out;
  private final boolean raw;
  private final byte[] chunk = new byte[64 * 1024];
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private final ByteArrayOutputStream lines = new ByteArrayOutputStream();

  /** Creates a user that reads and writes these streams. */
  public PipeUser(InputStream in, OutputStream out, boolean raw) {
    this.in = in;
    this.out = out;
    this.raw = raw;
  }

  /** Returns all lines that have arrived; in raw mode, all bytes. */
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
        byte[] complete = lines.toByteArray();
        lines.reset();
        return complete.length > 0 ? Optional.of(complete) : Optional.empty();
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

  /** ASCII white space, as in Python's {@code bytes.strip}. */
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
    // Nothing is held back.
  }

  @Override
  public void close() {
    // The streams belong to the process, and a read from standard input cannot be interrupted.
  }
}
