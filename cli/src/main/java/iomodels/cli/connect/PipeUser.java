package iomodels.cli.connect;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
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

  /** The last byte that was read; LF if there was none, since then there is no line to end. */
  private byte last = '\n';

  /** Creates a user that reads and writes these streams. */
  public PipeUser(InputStream in, OutputStream out, boolean raw) {
    this.in = in;
    this.out = out;
    this.raw = raw;
  }

  /** Returns what has arrived. Unless in raw mode, LF follows a last line that lacks it. */
  @Override
  public Optional<byte[]> next() throws IOException {
    int count = in.read(chunk);
    if (count > 0) {
      last = chunk[count - 1];
      return Optional.of(Arrays.copyOf(chunk, count));
    }
    if (raw || last == '\n') {
      return Optional.empty();
    }
    last = '\n';
    return Optional.of(new byte[] {last});
  }

  @Override
  public boolean hasMore() {
    try {
      return in.available() > 0;
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
