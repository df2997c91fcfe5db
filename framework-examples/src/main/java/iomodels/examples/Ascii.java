package iomodels.examples;

/** What the examples do to the bytes that an echo server would return as they are. */
final class Ascii {

  private static final int TO_UPPER = 'A' - 'a';

  private Ascii() {}

  /** Turns the small letters of an array into capitals; returns the same array. */
  static byte[] upper(byte[] bytes) {
    for (int i = 0; i < bytes.length; i++) {
      byte each = bytes[i];
      bytes[i] = (byte) (each >= 'a' && each <= 'z' ? each + TO_UPPER : each);
    }
    return bytes;
  }
}
