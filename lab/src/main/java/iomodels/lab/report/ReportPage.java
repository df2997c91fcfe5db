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
  private static final Pattern PLACE = Pattern.compile("\\{\\{([\\w.]+)}}");

  private ReportPage() {}

  /** Returns the page, in HTML 5. */
  public static String of(Measurements measurements) {
    // Only "</script" could end the element early, and JSON may escape "<" in a string.
    String figures = JSON.writeValueAsString(measurements).replace("<", "\\u003c");
    return PLACE
        .matcher(resource("report.html"))
        .replaceAll(
            place ->
                Matcher.quoteReplacement(
                    place.group(1).equals("measurements") ? figures : resource(place.group(1))));
  }

  private static String resource(String name) {
    try (InputStream in = ReportPage.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
