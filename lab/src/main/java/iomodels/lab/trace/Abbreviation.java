package iomodels.lab.trace;

import iomodels.lab.trace.StraceParser.Raw;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Abbreviates strace's arguments and results, so that a trace is readable and small. */
final class Abbreviation {

  private static final int LONGEST = 64;

  /** {@code 9<TCP:[…]>}: the client is given elsewhere. */
  private static final Pattern DESCRIPTION = Pattern.compile("(\\d+)<(?:->|[^<>])*+>");

  /** Structures of C, such as addresses. */
  private static final Pattern NESTED = Pattern.compile("\\{[^{}]*\\}");

  private static final Pattern LONG_LIST =
      Pattern.compile("\\[[^\\[\\]]{24,}\\]|\\[…[^\\[\\]]*\\]");
  private static final Pattern POINTER = Pattern.compile("0x[0-9a-f]{5,}");

  private Abbreviation() {}

  static String arguments(String arguments) {
    String words = DESCRIPTION.matcher(arguments).replaceAll("$1");
    for (Matcher nested = NESTED.matcher(words); nested.find(); nested = NESTED.matcher(words)) {
      words = nested.replaceAll("…");
    }
    words = LONG_LIST.matcher(words).replaceAll("…");
    words = POINTER.matcher(words).replaceAll("…");
    words = words.replaceAll("…(, …)+", "…");
    words = words.endsWith(",") ? words.substring(0, words.length() - 1) : words;
    return words.length() <= LONGEST ? words : words.substring(0, LONGEST - 1) + "…";
  }

  /** {@code 6}, {@code -1 EAGAIN}, {@code ?}. */
  static String result(Raw raw) {
    return raw.error().isEmpty() ? raw.result() : raw.result() + " " + raw.error();
  }
}
