package iomodels.lab.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;

/**
 * An HTML page with all measurements, as tables and charts. Scripts, style and figures are inline:
 * the page loads nothing.
 */
public final class ReportPage {

  private static final JsonMapper JSON = JsonMapper.shared();

  /** A placeholder such as {@code {{report.css}}}. */
  private static final Pattern PLACE = Pattern.compile("\\{\\{([\\w.-]+)}}");

  private ReportPage() {}

  /** Returns the page, in HTML 5. */
  public static String of(Measurements measurements) {
    String figures = json(measurements);
    return PLACE
        .matcher(part("report.html"))
        .replaceAll(
            place ->
                Matcher.quoteReplacement(
                    place.group(1).equals("measurements") ? figures : part(place.group(1))));
  }

  /**
   * Returns a value as JSON that can be the content of a script element.
   *
   * @param value the measurements, or the texts of the report
   */
  public static String json(Object value) {
    // Only "</script" could end the element early, and JSON may escape "<" in a string.
    return JSON.writeValueAsString(value).replace("<", "\\u003c");
  }

  /**
   * Returns a part of the page, for a page with a frame or a language of its own.
   *
   * @param name {@code report-skeleton.html}, the elements that the script fills; {@code
   *     report-words.json}, its texts in English; {@code report.css}, {@code report.js}, or {@code
   *     echarts.min.js}
   */
  public static String part(String name) {
    try (InputStream in = ReportPage.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
