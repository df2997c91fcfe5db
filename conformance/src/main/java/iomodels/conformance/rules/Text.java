package iomodels.conformance.rules;

import iomodels.conformance.Peer;
import iomodels.service.Service;
import iomodels.service.Services;
import java.util.random.RandomGenerator;

/** Data that rules send, and the replies that they expect. */
final class Text {

  private static final int MODULUS = 251;

  /** Copied, since a division for each byte would slow down long replies. */
  private static final byte[] FLOOD = floodPattern(64 * 1024 + MODULUS);

  private Text() {}

  /** Returns the reply of a service that returns text: in upper case, or with echo unchanged. */
  static byte[] reply(Service service, byte[] text) {
    return service.equals(Services.ECHO) ? text : upper(text);
  }

  /** Returns the reply of a service that returns text to a stream. */
  static Peer.BytePattern reply(Service service, Peer.BytePattern stream) {
    return service.equals(Services.ECHO) ? stream : upper(stream);
  }

  /** Returns the reply of {@code upper} to one byte; computed here, independently of core. */
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

  /** Returns random lower-case letters. */
  static byte[] letters(RandomGenerator random, int length) {
    byte[] letters = new byte[length];
    for (int i = 0; i < length; i++) {
      letters[i] = (byte) random.nextInt('a', 'z' + 1);
    }
    return letters;
  }

  /** Returns random bytes. */
  static byte[] noise(RandomGenerator random, int length) {
    byte[] noise = new byte[length];
    random.nextBytes(noise);
    return noise;
  }

  /** Returns a long stream without a period, which would hide errors of a buffer's length. */
  static Peer.BytePattern stream(long seed) {
    return (into, length, position) -> {
      for (int i = 0; i < length; i++) {
        long mixed = (position + i + seed) * 0x9E3779B97F4A7C15L;
        into[i] = (byte) (mixed >>> 56);
      }
    };
  }

  private static Peer.BytePattern upper(Peer.BytePattern stream) {
    return (into, length, position) -> {
      stream.fill(into, length, position);
      for (int i = 0; i < length; i++) {
        into[i] = upper(into[i]);
      }
    };
  }

  /** Fills in the reply of {@code flood}. */
  static void flood(byte[] into, int length, long position) {
    for (int done = 0; done < length; ) {
      int n = Math.min(length - done, FLOOD.length - MODULUS);
      System.arraycopy(FLOOD, (int) ((position + done) % MODULUS), into, done, n);
      done += n;
    }
  }

  private static byte[] floodPattern(int length) {
    byte[] pattern = new byte[length];
    for (int i = 0; i < length; i++) {
      pattern[i] = (byte) (i % MODULUS);
    }
    return pattern;
  }
}
