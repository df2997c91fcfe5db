package iomodels.cli.connect;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Optional;

/**
 * The local end of a {@link ClientSession}: a terminal, or a pipe. One thread reads input, and
 * another one prints replies.
 */
public interface LocalUser extends AutoCloseable {

  /**
   * Waits for the next bytes to send.
   *
   * @return empty at the end of input
   * @throws InterruptedIOException at Ctrl-C
   */
  Optional<byte[]> next() throws IOException;

  /** Whether there is more input, as far as that is known without waiting. */
  boolean hasMore();

  /** Prints bytes of a reply; may hold back an incomplete line. */
  void show(byte[] bytes, int length) throws IOException;

  /** Prints what {@link #show} held back, since the reply has paused. */
  void pause() throws IOException;

  /** Ends {@link #next} if possible, and restores the terminal. */
  @Override
  void close() throws IOException;
}
