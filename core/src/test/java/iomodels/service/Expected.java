package iomodels.service;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The expected reply of each service to a whole input: a second, simple implementation. */
final class Expected {

  private static final Pattern REQUEST = Pattern.compile("\\G([0-9]{1,13})\n");

  private static final Pattern LINE = Pattern.compile("[^\n]*\n|[^\n]+");

  private Expected() {}

  /** The reply to an input that arrives in one chunk, followed by the end of input. */
  static byte[] reply(Service service, byte[] input) {
    String text = new String(input, ISO_8859_1);
    return switch (service.name()) {
      case "upper" -> bytes(upper(text));
      case "echo" -> input;
      case "fixed" -> bytes(text.isEmpty() ? "" : "dddddd");
      case "lines" -> bytes(lines(text));
      case "flood" -> flood(text);
      case "discard" -> new byte[0];
      default -> throw new IllegalArgumentException(service.name());
    };
  }

  private static String upper(String input) {
    StringBuilder reply = new StringBuilder();
    input.chars().forEach(c -> reply.append((char) (c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c)));
    return reply.toString();
  }

  private static String lines(String input) {
    StringBuilder reply = new StringBuilder();
    Matcher matcher = LINE.matcher(input);
    while (matcher.find()) {
      String line = matcher.group();
      int length = line.endsWith("\n") ? line.length() - 1 : line.length();
      if (length > 8192) {
        return reply.append("ERR line too long\n").toString();
      }
      reply.append(upper(line));
    }
    return reply.toString();
  }

  private static byte[] flood(String input) {
    ByteArrayOutputStream reply = new ByteArrayOutputStream();
    Matcher request = REQUEST.matcher(input);
    int end = 0;
    while (request.find()) {
      for (int i = 0; i < Integer.parseInt(request.group(1)); i++) {
        reply.write(i % 251);
      }
      end = request.end();
    }
    if (end < input.length()) {
      reply.writeBytes(bytes("ERR expected a count\n"));
    }
    return reply.toByteArray();
  }

  private static byte[] bytes(String latin1) {
    return latin1.getBytes(ISO_8859_1);
  }
}
