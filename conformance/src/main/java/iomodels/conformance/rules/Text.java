package iomodels.conformance.rules;

import iomodels.conformance.Peer;
import java.util.random.RandomGenerator;

/** What the rules send, and what has to come back. */
final class Text {

  private Text() {}

  /**
   * What {@code upper} makes of one byte; written out here so that core cannot vouch for itself.
   */
  static byte upper(byte octet) {
    return (byte) (octet >= 'a' && octet <= 'z' ? octet - 0x20 : octet);
  }

  static byte[] upper(byte[] bytes) {
    byte[] upper = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      upper[i] = upper(bytes[i]);
    }
    return upper;
  }

  /** Lower-case letters. */
  static byte[] letters(RandomGenerator random, int length) {
    byte[] letters = new byte[length];
    for (int i = 0; i < length; i++) {
      letters[i] = (byte) random.nextInt('a', 'z' + 1);
    }
    return letters;
  }

  /** Bytes of every value. */
  static byte[] noise(RandomGenerator random, int length) {
    byte[] noise = new byte[length];
    random.nextBytes(noise);
    return noise;
  }

  /** A long stream without a period that a buffer could have: every byte depends on its place. */
  static Peer.BytePattern stream(long seed) {
    return (into, length, position) -> {
      for (int i = 0; i < length; i++) {
        long mixed = (position + i + seed) * 0x9E3779B97F4A7C15L;
        into[i] = (byte) (mixed >>> 56);
      }
    };
  }

  /** What {@code upper} makes of a stream. */
  static Peer.BytePattern upper(Peer.BytePattern stream) {
    return (into, length, position) -> {
      stream.fill(into, length, position);
      for (int i = 0; i < length; i++) {
        into[i] = upper(into[i]);
      }
    };
  }

  /** What {@code flood} answers. */
  static void flood(byte[] into, int length, long position) {
    for (int i = 0; i < length; i++) {
      into[i] = (byte) ((position + i) % 251);
    }
  }
}
