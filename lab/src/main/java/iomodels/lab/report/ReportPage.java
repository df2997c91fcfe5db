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
 * One HTML page with all that has been measured, as tables and as charts. It carries its scripts,
 * its style and its figures inside, and fetches nothing.
 */
public final class ReportPage {

  private static final JsonMapper JSON = JsonMapper.shared();

  /** {@code {{report.css}}}: what goes there. */
  private static final Pattern PLACE = Pattern.compile("\\{\\{([\\w.]+)}}");

  private ReportPage() {}

  /** The page, in HTML 5. */
  public static String of(Measurements measurements) {
    // In a script element nothing but "<" could end the JSON, and in a string it may be written so.
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
