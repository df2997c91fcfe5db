package iomodels.service;

import java.nio.ByteBuffer;

/**
 * One connection's conversation, free of I/O: it decides <em>what</em> to say.
 *
 * <p>When to read, when to write and where bytes wait meanwhile is the server's business, and the
 * whole difference between one I/O model and the next. The shape is that of {@link
 * java.nio.charset.CharsetDecoder#decode CharsetDecoder.decode}.
 *
 * <p>A session belongs to one connection. Calls are ordered and never concurrent; they may come
 * from different threads if each call happens-before the next. A call neither blocks nor allocates,
 * but for what a service has to remember of unfinished input, which is bounded.
 */
public interface Session {

  /**
   * Takes what it can from {@code in} and puts what it has to say into {@code out}, between each
   * buffer's position and limit, advancing the positions. It keeps neither buffer, and does not
   * write to {@code in}.
   *
   * <p>Every {@code out} with at least one free byte makes progress: as long as there is something
   * to say, a call says some of it.
   *
   * @param in what the peer has said since the last call, in order; may be empty
   * @param out where replies go; must not share memory with {@code in}
   * @param endOfInput whether the peer says nothing after {@code in}; once true, true in every
   *     later call
   * @return what the server has to do next
   */
  Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput);

  /** Why {@link #advance} returned, and so what the server does next. */
  enum Progress {
    /**
     * {@code in} is empty and all has been said: flush {@code out}, bring more input. Never
     * returned once the end of input has been told.
     */
    UNDERFLOW,
    /**
     * {@code out} is full and there is more to say: drain it and call again, even if {@code in} is
     * empty by now. Do not read from the peer meanwhile: this is where back-pressure begins.
     */
    OVERFLOW,
    /**
     * Nothing more will be said, and later calls do nothing. Flush {@code out}, shut down the
     * output, discard input until the peer's FIN or the linger limit, then close. (To close with
     * input unread makes the kernel send RST, which can destroy the last reply on its way.)
     */
    FINISHED
  }
}
