package iomodels.conformance.rules;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import iomodels.program.LineReader;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Names and lines for a chat room: each byte value, and the cases that programs often get wrong.
 */
final class ChatTexts {

  private static final int BYTES = 256;
  private static final String ALLOWED =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

  /** The maximum length of a name. */
  static final int LONGEST_NAME = 16;

  private ChatTexts() {}

  /** Returns names that are valid: all characters, both lengths, and words with a meaning. */
  static List<String> validNames() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < ALLOWED.length(); i += LONGEST_NAME) {
      names.add(ALLOWED.substring(i, i + LONGEST_NAME));
    }
    // The first three are keys that objects of JavaScript have already.
    names.addAll(
        List.of("constructor", "__proto__", "toString", "null", "server", "error", "here", "all"));
    names.addAll(List.of("-", "_", "0", "Ann", "ANN", "-n", "x".repeat(LONGEST_NAME)));
    return names;
  }

  /** Returns first lines that are no name, without their LF. */
  static List<byte[]> invalidNames() {
    List<byte[]> names = new ArrayList<>();
    for (int i = 0; i < BYTES; i++) {
      if (i != '\n' && ALLOWED.indexOf(i) < 0) {
        names.add(new byte[] {'a', (byte) i, 'b'});
      }
    }
    Stream.of(
            "",
            "\r",
            " ",
            " bob",
            "bob ",
            "bob\t",
            "a b",
            "bob\r\r",
            "bob\0",
            "\0",
            "x".repeat(LONGEST_NAME + 1),
            "x".repeat(LineReader.MAX_BYTES),
            "* server",
            "*",
            "bob:",
            "\u00e9t\u00e9",
            "\u0661",
            "\uff41",
            "\u0430nn",
            "\ufeffbob",
            "bob\u2028",
            "bob.")
        .map(it -> it.getBytes(UTF_8))
        .forEach(names::add);
    return names;
  }

  /** Returns lines, without their LF, none of which ends with CR. */
  static List<byte[]> lines() {
    List<byte[]> lines = new ArrayList<>();
    for (int i = 0; i < BYTES; i++) {
      if (i != '\n') {
        lines.add(new byte[] {'a', (byte) i, 'z'});
        if (i != '\r') {
          lines.add(new byte[] {(byte) i});
        }
      }
    }
    Stream.of(
            "",
            "  two  blanks  ",
            "\t tabs\t",
            " ".repeat(LineReader.MAX_BYTES),
            "\rx",
            "x\ry",
            "a\u2028b\u2029c\u0085d\u000be\u000cf\u001cg\u001dh\u001ei",
            "\ufeffa byte order mark",
            "e\u0301 is not \u00e9",
            "\ud83d\ude00 \udbff\udfff \uffff \ufffd",
            "\u00e9".repeat(LineReader.MAX_BYTES / 2),
            "* ann left",
            "* bob was dropped: it does not read",
            "* you are bob; here: ann",
            "error line too long",
            "bob: hello",
            "ann: hello",
            ":",
            "100% %s %n %d %x {} {0} ${HOME} $(id) `id` \\n \\\\ \\0 \"quoted\" 'single'",
            "<b>bold</b> &amp; &lt; %3Cb%3E + =20",
            "quit",
            "exit",
            "bye",
            "/quit",
            "/nick zoe",
            "/me waves",
            "QUIT :bye",
            ".",
            "null",
            "0")
        .map(it -> it.getBytes(UTF_8))
        .forEach(lines::add);
    // Malformed UTF-8: cut off, overlong, a surrogate, too large, without a beginning.
    Stream.of(
            "caf\u00c3",
            "\u00e2\u0082z",
            "\u00f0\u009f\u0098 z",
            "\u00c0\u00af",
            "\u00ed\u00a0\u0080z",
            "\u00f5\u0080\u0080\u0080z",
            "\u00ff\u00fe",
            "z\u0080\u0080")
        .map(it -> it.getBytes(ISO_8859_1))
        .forEach(lines::add);
    return lines;
  }

  /**
   * Returns the text that members receive for a line. Decoders differ in how many U+FFFD they put
   * in place of a malformed sequence; here it is one.
   */
  static String received(byte[] line) {
    return collapsed(new String(line, UTF_8));
  }

  /** Replaces several U+FFFD in a row by one. */
  static String collapsed(String text) {
    return text.replaceAll("\ufffd+", "\ufffd");
  }

  /** Joins lines, each with its LF; every other one has a CR before it. */
  static byte[] joined(List<byte[]> lines) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = 0; i < lines.size(); i++) {
      all.writeBytes(lines.get(i));
      all.writeBytes((i % 2 == 0 ? "\n" : "\r\n").getBytes(UTF_8));
    }
    return all.toByteArray();
  }

  /** Returns bytes for a message: printable ASCII as it is, the others in hexadecimal. */
  static String shown(byte[] bytes) {
    StringBuilder text = new StringBuilder("\"");
    for (int i = 0; i < Math.min(bytes.length, LONGEST_NAME * 2); i++) {
      int octet = bytes[i] & 0xFF;
      text.append(octet >= ' ' && octet < 0x7F ? "" + (char) octet : "\\x%02X".formatted(octet));
    }
    return text.append(bytes.length > LONGEST_NAME * 2 ? "…\"" : "\"").toString();
  }
}
