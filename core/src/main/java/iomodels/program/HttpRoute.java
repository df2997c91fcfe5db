package iomodels.program;

import iomodels.service.Services;
import java.io.IOException;
import java.net.URLConnection;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What a request to {@link Programs#HTTP} asks for. It says what to answer; the server decides when
 * to send it, and where bytes wait.
 */
public sealed interface HttpRoute {

  /** The media type of {@link Ticker}: Server-Sent Events. */
  String EVENT_STREAM = "text/event-stream";

  /** The most bytes that {@link Sink} takes. */
  int SINK_LIMIT = 1 << 20;

  /** A text that is known in full. */
  sealed interface Text extends HttpRoute {

    /** The status code of the response. */
    int status();

    /** The content of the response, ASCII. */
    String text();
  }

  /** A greeting. */
  record Hello() implements Text {

    @Override
    public int status() {
      return 200;
    }

    @Override
    public String text() {
      return "hello\n";
    }
  }

  /**
   * A request that is not carried out; its content is not read.
   *
   * @param status the status code
   * @param text the reason, a line
   * @param allow the value of the header {@code Allow}: the methods of this path; empty if the
   *     status is not 405
   */
  record Refusal(int status, String text, String allow) implements Text {

    /** Creates one without {@code Allow}. */
    public Refusal(int status, String text) {
      this(status, text, "");
    }
  }

  /** The content of the request, with the ASCII letters a to z in upper case, as it arrives. */
  record Upper() implements HttpRoute {

    /** Puts a part of the response into {@code out}: the content between position and limit. */
    public static void put(ByteBuffer content, ByteBuffer out) {
      Services.UPPER.open().advance(content, out, false);
    }

    /** Returns a part of the response. */
    public static byte[] of(byte[] content) {
      byte[] upper = new byte[content.length];
      put(ByteBuffer.wrap(content), ByteBuffer.wrap(upper));
      return upper;
    }
  }

  /**
   * A long response: byte <i>i</i> is <i>i</i> mod 251.
   *
   * @param length its number of bytes
   * @param chunked whether it is sent in chunks, as if its length were not known
   */
  record Bytes(long length, boolean chunked) implements HttpRoute {

    /** The most bytes of a part. */
    public static final int MAX_PART = 16 * 1024;

    private static final int MODULUS = 251;
    private static final byte[] PATTERN = pattern();

    /** Returns a byte of the response. */
    public static byte at(long index) {
      return (byte) (index % MODULUS);
    }

    /**
     * Puts a part of the response into {@code out}.
     *
     * @param begin index of the first byte
     * @param length number of bytes, at most {@link #MAX_PART}
     */
    public static void put(long begin, int length, ByteBuffer out) {
      out.put(PATTERN, (int) (begin % MODULUS), length);
    }

    /** Returns a part of the response; parameters as of {@link #put}. */
    public static byte[] part(long begin, int length) {
      int first = (int) (begin % MODULUS);
      return Arrays.copyOfRange(PATTERN, first, first + length);
    }

    private static byte[] pattern() {
      byte[] pattern = new byte[MODULUS + MAX_PART];
      for (int i = 0; i < pattern.length; i++) {
        pattern[i] = at(i);
      }
      return pattern;
    }
  }

  /** A text that is ready after a delay. */
  record Slow(Duration delay) implements Text {

    @Override
    public int status() {
      return 200;
    }

    @Override
    public String text() {
      return "slow\n";
    }
  }

  /** A stream of Server-Sent Events: the first at once, each further one after an interval. */
  record Ticker(Duration interval) implements HttpRoute {

    /** Returns an event. */
    public static String event(long number) {
      return "data: %d\n\n".formatted(number);
    }
  }

  /** Reads the content of the request, and answers with status 204, or 413 if it is too long. */
  record Sink() implements HttpRoute {

    /** The answer to a request that is too long. */
    public static final Refusal TOO_LONG =
        new Refusal(413, "more than %d bytes\n".formatted(SINK_LIMIT));
  }

  /** A file. */
  record Resource(Path file) implements HttpRoute {

    /** The answer if the file cannot be read. */
    public static final Refusal NOT_FOUND = new Refusal(404, "not found\n");

    /**
     * Returns the media type of the file, by its name. Text is said to be UTF-8: without a charset
     * a browser guesses one.
     */
    public String mediaType() {
      String type = URLConnection.guessContentTypeFromName(String.valueOf(file.getFileName()));
      if (type == null) {
        return "application/octet-stream";
      }
      return type.startsWith("text/") ? type + "; charset=utf-8" : type;
    }

    /**
     * Opens the file for reading. The caller closes the channel. May wait for a disk.
     *
     * @throws IOException if there is no such file, it is not a regular file, or a link leads out
     *     of the folder
     */
    public FileChannel open() throws IOException {
      return ReadableFile.openRegular(file);
    }

    /**
     * Returns the file that {@link #open} would open, for a framework that opens it by its name.
     *
     * @throws IOException as {@link #open}
     */
    public Path locate() throws IOException {
      return ReadableFile.regular(file);
    }
  }

  /**
   * Returns why a request of HTTP/1.1 is refused because of its fields {@code Host}; empty if there
   * is one, as there has to be (RFC 9112, section 3.2). For frameworks that do not check it.
   */
  static Optional<HttpRoute.Refusal> refusalOfHost(List<String> hosts) {
    return hosts.size() == 1 && HttpSyntax.HOST.matcher(hosts.getFirst()).matches()
        ? Optional.empty()
        : Optional.of(new Refusal(400, "one valid Host is needed\n"));
  }

  /**
   * Returns a refusal if a request has another transfer coding than chunked, or chunked twice (RFC
   * 9112, section 6.1); empty if it has not. Parsers look at the last coding alone, which ends the
   * content: the content itself would stay encoded.
   *
   * @param codings the values of its fields {@code Transfer-Encoding}
   */
  static Optional<HttpRoute.Refusal> refusalOfCodings(List<String> codings) {
    return codings.isEmpty()
            || (codings.size() == 1 && codings.getFirst().equalsIgnoreCase("chunked"))
        ? Optional.empty()
        : Optional.of(new Refusal(501, "the only transfer coding is chunked, once\n"));
  }

  /**
   * Finds the route of a request.
   *
   * @param method the method; case counts
   * @param target the request target: a path with a query, or an absolute URI
   * @param folder the folder of the files that clients may read
   */
  static HttpRoute of(String method, String target, Path folder) {
    String local =
        target.startsWith("/") ? target : HttpSyntax.ABSOLUTE.matcher(target).replaceFirst("");
    int question = local.indexOf('?');
    String path = question < 0 ? local : local.substring(0, question);
    String query = question < 0 ? "" : local.substring(question + 1);
    List<String> methods = HttpSyntax.methods(path);
    if (methods.isEmpty()) {
      return Resource.NOT_FOUND;
    }
    if (!methods.contains(method)) {
      String allow = String.join(", ", methods);
      return new Refusal(405, "allowed: " + allow + "\n", allow);
    }
    return HttpSyntax.route(path, query, folder);
  }
}
