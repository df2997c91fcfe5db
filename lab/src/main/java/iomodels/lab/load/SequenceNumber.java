package iomodels.lab.load;

import java.nio.ByteBuffer;

/**
 * The number at the beginning of a datagram: eight hexadecimal digits in upper case, which the
 * service {@code upper} leaves as they are.
 */
final class SequenceNumber {

  /** Length of a number. */
  static final int BYTES = 8;

  private static final int BITS_PER_DIGIT = 4;
  private static final String DIGITS = "0123456789ABCDEF";

  private SequenceNumber() {}

  /** Writes a number to the beginning of a buffer, and leaves the buffer's position. */
  static void write(int number, ByteBuffer buffer) {
    for (int i = 0; i < BYTES; i++) {
      int digit = (number >>> ((BYTES - 1 - i) * BITS_PER_DIGIT)) & 0xF;
      buffer.put(i, (byte) DIGITS.charAt(digit));
    }
  }

  /** Reads the number at the beginning of a buffer; -1 if there is none. */
  static int read(ByteBuffer buffer) {
    int number = 0;
    for (int i = 0; i < BYTES; i++) {
      int digit = Character.digit(buffer.get(i), 1 << BITS_PER_DIGIT);
      if (digit < 0) {
        return -1;
      }
      number = (number << BITS_PER_DIGIT) | digit;
    }
    return number;
  }
}
