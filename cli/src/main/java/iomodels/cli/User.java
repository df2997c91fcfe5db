package iomodels.cli;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Optional;

/**
 * The near end of a {@link Conversation}: somebody at a terminal, or a pipe. One thread asks what
 * to say, another shows what was answered.
 */
interface User extends AutoCloseable {

  /**
   * Waits for what is to be said next.
   *
   * @return nothing at the end of input
   * @throws InterruptedIOException at Ctrl-C
   */
  Optional<byte[]> next() throws IOException;

  /** Whether there is more to say, as far as one can know without waiting. */
  boolean hasMore();

  /** Shows what has just come. */
  void show(byte[] bytes, int length) throws IOException;

  /** Nothing more has come for a moment: what {@link #show} held back is to be seen now. */
  void pause() throws IOException;

  /** Ends {@link #next}, if it can be ended, and gives the terminal back. */
  @Override
  void close() throws IOException;
}
