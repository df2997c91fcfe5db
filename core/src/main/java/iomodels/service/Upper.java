package iomodels.service;

import static java.nio.ByteOrder.nativeOrder;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/** The session of {@link Services#UPPER}. It has no state. */
final class Upper implements Session {

  /** Accesses eight bytes of a buffer as one word, in native order regardless of the buffer's. */
  private static final VarHandle WORD =
      MethodHandles.byteBufferViewVarHandle(long[].class, nativeOrder());

  private static final long EACH = 0x0101010101010101L;
  private static final long HIGH_BITS = EACH << 7;

  @Override
  public Progress advance(ByteBuffer in, ByteBuffer out, boolean endOfInput) {
    copy(in, out, Math.min(in.remaining(), out.remaining()));
    if (in.hasRemaining()) {
      return Progress.OVERFLOW;
    }
    return endOfInput ? Progress.FINISHED : Progress.UNDERFLOW;
  }

  static void reply(ByteBuffer datagram, ByteBuffer out) {
    copy(datagram, out, datagram.remaining());
  }

  /**
   * Copies {@code length} bytes from {@code in} to {@code out}, and then upper-cases them in place.
   * Upper-casing during the copy would prevent vectorization, since the compiler cannot prove that
   * the buffers do not overlap; in place is six times as fast for 16 KiB.
   */
  static void copy(ByteBuffer in, ByteBuffer out, int length) {
    int from = in.position();
    int to = out.position();
    int end = to + length;
    out.put(to, in, from, length);
    for (; to <= end - Long.BYTES; to += Long.BYTES) {
      WORD.set(out, to, upper((long) WORD.get(out, to)));
    }
    for (; to < end; to++) {
      out.put(to, (byte) upper(out.get(to) & 0xFFL));
    }
    in.position(from + length);
    out.position(end);
  }

  /**
   * Upper-cases eight bytes at once. Each addition to the low seven bits of a byte sets its eighth
   * bit exactly if they are at least 'a', or above 'z', and never carries into the next byte. So
   * the eighth bit marks the lower-case letters. Shifted right by two it becomes 0x20, the bit by
   * which a lower-case letter differs from its upper-case letter.
   */
  private static long upper(long word) {
    long low = word & ~HIGH_BITS;
    long atLeastA = low + EACH * (0x80 - 'a');
    long aboveZ = low + EACH * (0x7F - 'z');
    long letters = atLeastA & ~aboveZ & ~word & HIGH_BITS;
    return word ^ letters >>> 2;
  }
}
