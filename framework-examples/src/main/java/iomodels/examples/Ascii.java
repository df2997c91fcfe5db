package iomodels.examples;

import io.netty.buffer.ByteBuf;

/** What the examples do to the bytes that an echo server would return as they are. */
final class Ascii {

  private static final int TO_UPPER = 'A' - 'a';

  private Ascii() {}

  private static byte upper(byte octet) {
    return (byte) (octet >= 'a' && octet <= 'z' ? octet + TO_UPPER : octet);
  }

  /** Turns the small letters of an array into capitals; returns the same array. */
  static byte[] upper(byte[] bytes) {
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = upper(bytes[i]);
    }
    return bytes;
  }

  /** The same of what a buffer holds. */
  static ByteBuf upper(ByteBuf bytes) {
    for (int i = bytes.readerIndex(); i < bytes.writerIndex(); i++) {
      bytes.setByte(i, upper(bytes.getByte(i)));
    }
    return bytes;
  }
}
