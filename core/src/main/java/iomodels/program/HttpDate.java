package iomodels.program;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * The value of the field {@code Date} (RFC 9110, section 5.6.7). It is formatted once per second.
 * Safe for use by several threads.
 */
public final class HttpDate {

  private static final DateTimeFormatter FORMAT =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  private record Formatted(long second, String text) {}

  private static volatile Formatted latest = of(0);

  private HttpDate() {}

  /** Returns the current date and time, such as {@code Sun, 06 Nov 1994 08:49:37 GMT}. */
  public static String now() {
    long second = Instant.now().getEpochSecond();
    Formatted formatted = latest;
    if (formatted.second != second) {
      formatted = of(second);
      latest = formatted;
    }
    return formatted.text;
  }

  private static Formatted of(long second) {
    return new Formatted(second, FORMAT.format(Instant.ofEpochSecond(second)));
  }
}
