package iomodels.conformance.rules;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.conformance.Peer;
import iomodels.program.LineReader;
import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.random.RandomGenerator;

/** Requests to {@code offload} with their answers, and lines that are not requests. */
final class OffloadRequests {

  /** The longest name of a file on Linux (NAME_MAX). */
  static final int LONGEST_NAME = 255;

  private static final int RANDOM_TEXTS = 16;

  /** How many bytes of a stream are made at once. */
  private static final int BLOCK = 64 * 1024;

  /** Texts that programs change if they strip, decode, normalize or split them. */
  private static final List<String> TEXTS =
      List.of(
          "",
          " ",
          "  two blanks",
          "ends with blanks  ",
          "\tbetween tabs\t",
          "inner  blanks",
          "a\0b",
          "\0",
          "a\rb",
          "\ra",
          "a\u2028b",
          "a\u0085b",
          "\u000ba\fb\u001cc",
          "\ufeffa",
          "e\u0301 and \u00e9",
          "\u00c4\u00df\u0130",
          "\ud83d\ude00",
          "MiXed",
          "\"'\\\\n%s%n$HOME",
          "ping",
          "hash 1 x",
          "1 2 3");

  /** Single bytes that are no UTF-8, with what follows them. */
  private static final List<String> MALFORMED_UTF_8 = List.of("\u00ff", "caf\u00e9", "a\u0080b");

  /** Lines that are not requests, in ISO 8859-1. */
  private static final List<String> NOT_REQUESTS =
      List.of(
          "",
          " ",
          "pong",
          "quit",
          "PING",
          "Ping",
          "ping ",
          " ping",
          "ping\t",
          "ping\0",
          "ping\r\r",
          "ping x",
          "pingx",
          "hash",
          "hash ",
          "hash 1",
          "hash x",
          "hash 1x",
          "hash  1 x",
          " hash 1 x",
          "hash\t1 x",
          "hash 1\tx",
          "hash 1\0x",
          "HASH 1 x",
          "Hash 1 x",
          "hash1 x",
          "hash 0 x",
          "hash 00 x",
          "hash -1 x",
          "hash -0 x",
          "hash +1 x",
          "hash 10000001 x",
          "hash 99999999 x",
          "hash 000000001 x",
          "hash 010000000 x",
          "hash 2147483649 x",
          "hash 4294967297 x",
          "hash 18446744073709551617 x",
          "hash 99999999999999999999 x",
          "hash 1.0 x",
          "hash 1e3 x",
          "hash 0x1 x",
          "hash 1_0 x",
          "hash 1,0 x",
          "hash \u00b2 x",
          "read",
          "read ",
          "read  a",
          "read a ",
          " read a",
          "READ a",
          "Read a",
          "read\ta",
          "read a\t",
          "read a\rb",
          "read a b",
          "read a\0",
          "read a\0b",
          "read .",
          "read ..",
          "read ...",
          "read .a",
          "read .hidden",
          "read ./a",
          "read ../a",
          "read ../etc/passwd",
          "read /etc/passwd",
          "read a/",
          "read a/b",
          "read a/../a",
          "read a\\b",
          "read ..\\a",
          "read %61",
          "read a%2Fb",
          "read %2e%2e%2fa",
          "read ~",
          "read a*",
          "read a:b",
          "read a;b",
          "read \"a\"",
          "read $HOME");

  /** Lines that are not requests, although their digits or letters are those of Unicode. */
  private static final List<String> NOT_IN_ASCII =
      List.of(
          "\ufeffping",
          "hash \u0661 x",
          "hash \uff11 x",
          "hash\u00a01 x",
          "read \u00e9",
          "read \uff41",
          "read a\u2028");

  /** An endless stream of ping requests. */
  static final Peer.BytePattern PINGS = repeated("ping\n");

  private static final String LONG_NAME =
      "read %s\n".formatted("x".repeat(LineReader.MAX_BYTES - "read ".length()));

  /** An endless stream of requests that are answered with lines of about the same length. */
  static final Peer.BytePattern LONG_NAMES = repeated(LONG_NAME);

  /** The length of each request in {@link #LONG_NAMES}. */
  static final int LONG_NAME_LENGTH = LONG_NAME.length();

  private OffloadRequests() {}

  /** A request, or a line that is none. */
  static final class Case {

    private final byte[] bytes;
    private final List<String> answers;

    /**
     * Creates a case.
     *
     * @param bytes what to send, with the line end
     * @param answers the permitted answers, without LF
     */
    Case(byte[] bytes, List<String> answers) {
      this.bytes = bytes;
      this.answers = answers;
    }

    /** Returns what to send, with the line end; not a copy. */
    byte[] bytes() {
      return bytes;
    }

    /** Returns the permitted answers, without LF. */
    List<String> answers() {
      return answers;
    }

    /** The request as text for a message. */
    String shown() {
      StringBuilder text = new StringBuilder();
      String raw = new String(bytes, ISO_8859_1);
      for (char c : raw.substring(0, Math.min(raw.length(), 40)).toCharArray()) {
        switch (c) {
          case '\n' -> text.append("\\n");
          case '\r' -> text.append("\\r");
          default ->
              text.append(c >= ' ' && c < 0x7F ? String.valueOf(c) : "\\x%02X".formatted((int) c));
        }
      }
      return bytes.length > 40
          ? "\"%s…\" (%,d bytes)".formatted(text, bytes.length)
          : "\"%s\"".formatted(text);
    }
  }

  /** Returns hash requests that a program has to answer. */
  static List<Case> hashes(RandomGenerator random) {
    List<Case> cases = new ArrayList<>();
    for (String each : TEXTS) {
      cases.add(hash(random.nextInt(1, 4), each.getBytes(UTF_8), random.nextBoolean()));
    }
    for (int times : List.of(1, 2, 9, 10, 11, 99, 100, 101, 999, 1000)) {
      cases.add(hash(times, "x".getBytes(US_ASCII), false));
    }
    for (int i = 0; i < RANDOM_TEXTS; i++) {
      cases.add(hash(random.nextInt(1, 20), text(random, random.nextInt(600)), true));
    }
    byte[] longest = Text.letters(random, LineReader.MAX_BYTES - "hash 1 ".length());
    String twoBytesEach = "\u00e9".repeat((longest.length - 1) / 2) + "x";
    for (boolean withCr : new boolean[] {false, true}) {
      cases.add(hash(1, longest, withCr));
      cases.add(hash(1, twoBytesEach.getBytes(UTF_8), withCr));
    }
    cases.add(hash(2, "ends with CR\r".getBytes(US_ASCII), true));
    for (String each : MALFORMED_UTF_8) {
      cases.add(malformed(each.getBytes(ISO_8859_1)));
    }
    return cases;
  }

  static Case hash(int times, byte[] text, boolean withCr) {
    return new Case(
        line("hash %d ".formatted(times), text, withCr ? "\r\n" : "\n"),
        List.of(sha256(text, times)));
  }

  /** Malformed UTF-8 is hashed as it is, or as U+FFFD. */
  private static Case malformed(byte[] text) {
    byte[] replaced = new String(text, UTF_8).getBytes(UTF_8);
    return new Case(line("hash 1 ", text, "\n"), List.of(sha256(text, 1), sha256(replaced, 1)));
  }

  /** Returns a text of random characters, none of which ends a line. */
  private static byte[] text(RandomGenerator random, int length) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length / 3; i++) {
      int character = random.nextInt(random.nextBoolean() ? 0x80 : 0x800);
      text.appendCodePoint(character == '\n' || character == '\r' ? 'x' : character);
    }
    return text.toString().getBytes(UTF_8);
  }

  /**
   * Returns numbers with leading zeros: a program answers with the hash, or refuses them; it does
   * not take them for octal numbers.
   */
  static List<Case> leadingZeros() {
    byte[] text = "x".getBytes(US_ASCII);
    return List.of(
        new Case(line("hash 010 ", text, "\n"), List.of(sha256(text, 10), MALFORMED)),
        new Case(line("hash 00000001 ", text, "\n"), List.of(sha256(text, 1), MALFORMED)));
  }

  /** The answer to a line that is not a request. */
  static final String MALFORMED = "error expected ping, hash or read";

  /** The answer to a line that is too long. */
  static final String TOO_LONG = "error line too long";

  /** Returns lines that are not requests. */
  static List<Case> notRequests() {
    List<Case> cases = new ArrayList<>();
    for (String each : NOT_REQUESTS) {
      cases.add(new Case(line("", each.getBytes(ISO_8859_1), "\nping\n"), List.of(MALFORMED)));
    }
    for (String each : NOT_IN_ASCII) {
      cases.add(new Case(line("", each.getBytes(UTF_8), "\nping\n"), List.of(MALFORMED)));
    }
    byte[] longest = "x".repeat(LineReader.MAX_BYTES).getBytes(US_ASCII);
    cases.add(new Case(line("", longest, "\n"), List.of(MALFORMED)));
    cases.add(new Case(line("", longest, "\r\n"), List.of(MALFORMED)));
    // Input that a program has not read when it closes would cause RST.
    cases.add(
        new Case(
            line("", "nonsense\n".getBytes(US_ASCII), "ping\n".repeat(8 * 1024)),
            List.of(MALFORMED)));
    return cases;
  }

  /** Returns lines that are too long. */
  static List<Case> tooLong() {
    int most = LineReader.MAX_BYTES;
    List<Case> cases = new ArrayList<>();
    String twoBytesEach = "\u00e9".repeat((most - "hash 1 ".length()) / 2) + "xx";
    for (String each :
        List.of(
            "hash 1 " + "x".repeat(most + 1 - "hash 1 ".length()) + "\n",
            "hash 1 " + "x".repeat(most + 1 - "hash 1 ".length()) + "\r\nping\n",
            "hash 1 " + twoBytesEach + "\n",
            "read " + "x".repeat(most + 1 - "read ".length()) + "\n",
            "x".repeat(most + 1) + "\n",
            "x".repeat(most) + "\rx",
            "hash 1 " + "x".repeat(2 * most),
            "x".repeat(64 * most))) {
      cases.add(new Case(each.getBytes(UTF_8), List.of(TOO_LONG)));
    }
    return cases;
  }

  /** Returns names with which files can be read. */
  static List<String> names(RandomGenerator random) {
    String letters = "ABCXYZabcxyz0189-_.";
    StringBuilder any = new StringBuilder("r");
    for (int i = 0; i < 30; i++) {
      any.append(letters.charAt(random.nextInt(letters.length())));
    }
    return List.of(
        "some-file_1.bin",
        "a",
        "B",
        "0",
        "-",
        "_",
        "-rf",
        "a.",
        "a..b",
        "ping.tar.gz",
        "n".repeat(LONGEST_NAME),
        any.toString());
  }

  /** Returns lengths of files: none, and those beside the sizes of buffers. */
  static List<Integer> lengths(RandomGenerator random) {
    return List.of(
        300_000, 0, 1, 4095, 4096, 4097, 8191, 8192, 8193, 65_535, 65_537, random.nextInt(3 << 20));
  }

  private static Peer.BytePattern repeated(String line) {
    byte[] lines = line.repeat(1 + BLOCK / line.length()).getBytes(US_ASCII);
    return (into, length, position) -> {
      for (int done = 0; done < length; ) {
        int begin = (int) ((position + done) % line.length());
        int n = Math.min(length - done, lines.length - begin);
        System.arraycopy(lines, begin, into, done, n);
        done += n;
      }
    };
  }

  private static byte[] line(String begin, byte[] text, String end) {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    line.writeBytes(begin.getBytes(US_ASCII));
    line.writeBytes(text);
    line.writeBytes(end.getBytes(US_ASCII));
    return line.toByteArray();
  }

  /** Returns SHA-256, applied this many times, as the program writes it. */
  static String sha256(byte[] bytes, int times) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] hash = bytes;
      for (int i = 0; i < times; i++) {
        hash = digest.digest(hash);
      }
      return HexFormat.of().formatHex(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
