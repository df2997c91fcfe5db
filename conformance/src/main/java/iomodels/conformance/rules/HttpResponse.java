package iomodels.conformance.rules;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The head of a response that the kit has received; its content is received afterwards. */
final class HttpResponse {

  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] ([1-5][0-9]{2}) [^\r]*\r");
  private static final Pattern FIELD = Pattern.compile("([!#-'*+.^`|~\\w-]+):[ \t]*(.*?)[ \t]*\r");
  private static final Pattern SIZE = Pattern.compile("([0-9A-Fa-f]{1,15})(?:;[^\r]*)?\r");
  private static final int HEX = 16;

  /** Longer than the content of any response that is skipped. */
  private static final int MAX_SKIPPED = 1_000_000;

  private final Peer peer;
  private final int status;

  /** The fields, by their names in lower case; the values of equal names are joined. */
  private final Map<String, String> fields;

  private HttpResponse(Peer peer, int status, Map<String, String> fields) {
    this.peer = peer;
    this.status = status;
    this.fields = fields;
  }

  /** Receives the head of the next response, if there is one before the end of the connection. */
  static Optional<HttpResponse> nextOrEnd(Peer peer) throws Broken {
    Optional<String> line = peer.lineOrEnd();
    return line.isPresent() ? Optional.of(after(line.get(), peer)) : Optional.empty();
  }

  /** Receives the head of the next response, which may be an interim one. */
  static HttpResponse next(Peer peer) throws Broken {
    return after(new String(peer.lineBytes(), ISO_8859_1), peer);
  }

  private static HttpResponse after(String statusLine, Peer peer) throws Broken {
    String line = statusLine;
    Matcher status = STATUS.matcher(line);
    if (!status.matches()) {
      throw new Broken("a status line of HTTP/1.1, and CR LF", "got \"%s\"".formatted(line));
    }
    Map<String, String> fields = new HashMap<>();
    line = new String(peer.lineBytes(), ISO_8859_1);
    for (; !line.equals("\r"); line = new String(peer.lineBytes(), ISO_8859_1)) {
      Matcher field = FIELD.matcher(line);
      if (!field.matches()) {
        throw new Broken("a field of a response, and CR LF", "got \"%s\"".formatted(line));
      }
      fields.merge(field.group(1).toLowerCase(Locale.ROOT), field.group(2), "%s, %s"::formatted);
    }
    return new HttpResponse(peer, Integer.parseInt(status.group(1)), fields);
  }

  /** Receives the next response, and demands one of these status codes. */
  static HttpResponse next(Peer peer, int... wanted) throws Broken {
    HttpResponse response = next(peer);
    for (int each : wanted) {
      if (response.status == each) {
        return response;
      }
    }
    StringBuilder codes = new StringBuilder();
    for (int each : wanted) {
      codes.append(codes.isEmpty() ? "" : " or ").append(each);
    }
    throw new Broken("status " + codes, "got " + response.status);
  }

  /** Receives a response with this content, and status 200. */
  static HttpResponse demandText(Peer peer, String text) throws Broken {
    HttpResponse response = next(peer, 200);
    response.demandContent(Peer.BytePattern.of(text.getBytes(US_ASCII)), text.length());
    return response;
  }

  int status() {
    return status;
  }

  /** Returns the value of a field, by its name in lower case. */
  Optional<String> field(String name) {
    return Optional.ofNullable(fields.get(name));
  }

  boolean isChunked() {
    return field("transfer-encoding").filter(it -> it.equalsIgnoreCase("chunked")).isPresent();
  }

  /** Demands this content, whichever way it is framed, and no more. */
  void demandContent(Peer.BytePattern wanted, long length) throws Broken {
    Optional<String> given = field("content-length");
    if (isChunked()) {
      demandChunks(wanted, length);
    } else if (given.isPresent()) {
      if (!given.get().equals(String.valueOf(length))) {
        throw new Broken("Content-Length: " + length, "got " + given.get());
      }
      peer.expectStream(wanted, length);
    } else {
      peer.expectStream(wanted, length);
      peer.expectFin();
    }
  }

  private void demandChunks(Peer.BytePattern wanted, long length) throws Broken {
    long received = 0;
    for (long size = chunkSize(); size > 0; size = chunkSize()) {
      if (size > length - received) {
        throw new Broken(
            "content of %,d bytes".formatted(length),
            "got a chunk of %,d after %,d".formatted(size, received));
      }
      peer.expectStream(wanted.from(received), size);
      peer.expect("\r\n");
      received += size;
    }
    skipTrailers();
    if (received < length) {
      throw new Broken(
          "content of %,d bytes".formatted(length),
          "the last chunk came after %,d".formatted(received));
    }
  }

  private long chunkSize() throws Broken {
    String line = new String(peer.lineBytes(), ISO_8859_1);
    Matcher size = SIZE.matcher(line);
    if (!size.matches()) {
      throw new Broken("the size of a chunk, and CR LF", "got \"%s\"".formatted(line));
    }
    return Long.parseLong(size.group(1), HEX);
  }

  private void skipTrailers() throws Broken {
    String line = peer.line();
    while (!line.equals("\r")) {
      line = peer.line();
    }
  }

  /** Receives the content, whatever it is, but not that of a response to HEAD. */
  void skipContent() throws Broken {
    if (status / 100 == 1 || status == 204 || status == 304) {
      return;
    }
    Optional<String> given = field("content-length");
    if (isChunked()) {
      for (long size = chunkSize(); size > 0; size = chunkSize()) {
        skip(size);
        peer.expect("\r\n");
      }
      skipTrailers();
    } else if (given.isPresent()) {
      if (!given.get().matches("[0-9]{1,18}")) {
        throw new Broken("a Content-Length", "got \"%s\"".formatted(given.get()));
      }
      skip(Long.parseLong(given.get()));
    } else {
      peer.readToEnd(MAX_SKIPPED);
    }
  }

  private void skip(long length) throws Broken {
    if (length > MAX_SKIPPED) {
      throw new Broken("a short response", "it has %,d bytes".formatted(length));
    }
    peer.skip((int) length);
  }
}
