package iomodels.service;

import java.nio.ByteBuffer;

/**
 * The protocol state of one connection. It does no I/O: it decides <em>what</em> to reply.
 *
 * <p>The server decides when to read, when to write, and where bytes wait; that is all that
 * distinguishes one I/O model from another. The interface follows {@link
 * java.nio.charset.CharsetDecoder#decode CharsetDecoder.decode}.
 *
 * <p>Not safe for use by several threads at the same time; calls may come from different threads if
 * each call happens-before the next. A call does not block. It does not allocate, except for a
 * bounded amount of unfinished input.
 */
public interface Session {

  /**
   * Consumes input from {@code in}, and writes replies to {@code out}, between position and limit
   * of each buffer, and advances the positions. It does not keep the buffers, nor write to {@code
   * in}.
   *
   * <p>If a reply is pending and {@code out} has at least one free byte, the call makes progress.
   *
   * @param in the input that follows what earlier calls have consumed; may be empty
   * @param out receives replies; must not share memory with {@code in}
   * @param endOfInput whether the peer's input ends after {@code in}; once true, true in every
   *     later call
   * @return what the server has to do next
   */
  Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput);

  /** What the server has to do after {@link #advance}. */
  enum Progress {
    /**
     * {@code in} is consumed, and all replies are in {@code out}: write {@code out}, then read more
     * input. Never returned after the end of input.
     */
    UNDERFLOW,
    /**
     * {@code out} is full, and more replies are pending: write {@code out}, and call again, even if
     * {@code in} is empty. Do not read from the peer meanwhile: this is where back-pressure begins.
     */
    OVERFLOW,
    /**
     * The conversation is over; further calls have no effect. Write {@code out}, shut down the
     * output, discard input until the peer's FIN or the linger limit, then close. (If a socket is
     * closed with input unread, the kernel sends RST, and the peer can lose the last reply: RFC
     * 9293, section 3.6.1.)
     */
    FINISHED
  }
}
