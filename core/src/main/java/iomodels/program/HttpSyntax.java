package iomodels.program;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The syntax of the targets of requests to {@link Programs#HTTP}. */
final class HttpSyntax {

  /** The scheme and the authority of an absolute URI. */
  static final Pattern ABSOLUTE = Pattern.compile("^(?i:https?)://[^/?#]*");

  /** A host name or an address, and perhaps a port; it may be empty. */
  static final Pattern HOST =
      Pattern.compile("(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\\[[0-9A-Fa-f:.]+])(?::[0-9]*)?");

  private static final Pattern BYTES = Pattern.compile("/bytes/([0-9]{1,12})");
  private static final Pattern SLOW = Pattern.compile("/slow/([0-9]{1,5})");
  private static final Pattern FILE = Pattern.compile("/files/([A-Za-z0-9_-][A-Za-z0-9._-]*)");
  private static final Pattern INTERVAL = Pattern.compile("(?:ms=([0-9]{1,5}))?");

  private static final List<String> POST = List.of("POST");
  private static final List<String> PUT = List.of("PUT");
  private static final List<String> GET_AND_HEAD = List.of("GET", "HEAD");

  private static final int MOST_MILLIS = 60_000;
  private static final int LEAST_INTERVAL_MILLIS = 10;
  private static final int USUAL_INTERVAL_MILLIS = 1_000;

  private HttpSyntax() {}

  /** Returns the methods of a path; empty if there is no such path. */
  static List<String> methods(String path) {
    return switch (path) {
      case "/upper" -> POST;
      case "/sink", "/deny" -> PUT;
      case "/hello", "/ticker" -> GET_AND_HEAD;
      default ->
          BYTES.matcher(path).matches()
                  || SLOW.matcher(path).matches()
                  || FILE.matcher(path).matches()
              ? GET_AND_HEAD
              : List.of();
    };
  }

  /** Returns the route of a path that exists. */
  static HttpRoute route(String path, String query, Path folder) {
    return switch (path) {
      case "/hello" -> new HttpRoute.Hello();
      case "/upper" -> new HttpRoute.Upper();
      case "/sink" -> new HttpRoute.Sink();
      case "/deny" -> new HttpRoute.Refusal(403, "denied\n");
      case "/ticker" -> ticker(query);
      default -> withArgument(path, query, folder);
    };
  }

  private static HttpRoute withArgument(String path, String query, Path folder) {
    Matcher bytes = BYTES.matcher(path);
    if (bytes.matches()) {
      return new HttpRoute.Bytes(Long.parseLong(bytes.group(1)), query.equals("chunked"));
    }
    Matcher slow = SLOW.matcher(path);
    if (slow.matches()) {
      int millis = Integer.parseInt(slow.group(1));
      return millis <= MOST_MILLIS
          ? new HttpRoute.Slow(Duration.ofMillis(millis))
          : HttpRoute.Resource.NOT_FOUND;
    }
    Matcher file = FILE.matcher(path);
    return file.matches()
        ? new HttpRoute.Resource(folder.resolve(file.group(1)))
        : HttpRoute.Resource.NOT_FOUND;
  }

  private static HttpRoute ticker(String query) {
    Matcher interval = INTERVAL.matcher(query);
    int millis = USUAL_INTERVAL_MILLIS;
    if (interval.matches() && interval.group(1) != null) {
      millis = Integer.parseInt(interval.group(1));
    }
    return interval.matches() && millis >= LEAST_INTERVAL_MILLIS && millis <= MOST_MILLIS
        ? new HttpRoute.Ticker(Duration.ofMillis(millis))
        : new HttpRoute.Refusal(
            400, "ms is %d to %d\n".formatted(LEAST_INTERVAL_MILLIS, MOST_MILLIS));
  }
}
