package iomodels.service;

import java.nio.ByteBuffer;

/**
 * The protocol state of one connection. A session does no I/O: it decides <em>what</em> to reply.
 *
 * <p>The server decides when to read, when to write, and where pending bytes are kept. I/O models
 * differ only in these decisions. The interface follows {@link
 * java.nio.charset.CharsetDecoder#decode CharsetDecoder.decode}.
 *
 * <p>Not safe for use by several threads at the same time. Calls may come from different threads if
 * each call happens-before the next. A call does not block. It allocates memory only to keep a
 * bounded amount of unfinished input.
 */
public interface Session {

  /**
   * Consumes input from {@code in} and writes replies to {@code out}. It uses the bytes between
   * position and limit of each buffer, and advances the positions. It does not write to {@code in},
   * and does not keep the buffers after the call.
   *
   * <p>If a reply is pending and {@code out} has at least one free byte, the call makes progress.
   *
   * @param in the input that follows the bytes consumed by earlier calls; may be empty
   * @param out receives replies; must not share memory with {@code in}
   * @param endOfInput whether the peer's input ends after {@code in}; once true, true in every
   *     later call
   * @return what the server has to do next
   */
  Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput);

  /** What the server has to do after {@link #advance}. */
  enum Progress {
    /**
     * {@code in} is consumed, and all replies are in {@code out}. The server writes {@code out},
     * then reads more input. Never returned after the end of input.
     */
    UNDERFLOW,
    /**
     * {@code out} is full, and more replies are pending. The server writes {@code out} and calls
     * again, even if {@code in} is empty. Meanwhile it does not read from the peer: this is how
     * back-pressure begins.
     */
    OVERFLOW,
    /**
     * The conversation is over; further calls have no effect. The server writes {@code out}, shuts
     * down the output, discards input until the peer's FIN or the linger limit, then closes. (If a
     * socket is closed while input is unread, the kernel sends RST, and the peer can lose the last
     * reply: RFC 9293, section 3.6.1.)
     */
    FINISHED
  }
}
