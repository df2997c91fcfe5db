package iomodels.conformance;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import iomodels.conformance.targets.Target;
import iomodels.service.Services;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.Locale;
import java.util.Optional;

/**
 * Detects whether a server that breaks the basic rule of {@code upper} serves another protocol.
 * Each further rule would then end with a timeout, after {@link Bound#PATIENCE}. A server that
 * answers with the right number of bytes, or begins with the right one, counts as {@code upper}.
 */
final class ProtocolProbe {

  private static final long PATIENCE_MILLIS = 1_000;
  private static final int CHUNK = 4096;

  private static final String REQUEST = "abcdefghijklmnopqrstuvwxyz";
  private static final String REPLY = REQUEST.toUpperCase(Locale.ROOT);

  /** Completes the request to a line, and for an HTTP server to the head of a request. */
  private static final String REST_OF_LINE = " / HTTP/1.0\r\n\r\n";

  private static final String HTTP = "HTTP/";
  private static final String GREETING = "it sends a greeting";

  private ProtocolProbe() {}

  /**
   * Returns whether this rule is the basic conversation of {@code upper}: each byte value once.
   * Identifiers of rules are stable.
   */
  static boolean isBasic(Rule rule) {
    return rule.id().equals("1.01") && rule.protocol().equals(Services.UPPER);
  }

  /** Returns what the server seems to do instead of {@code upper}; empty if it serves that. */
  static Optional<String> findMismatch(Target server, Bounds bounds)
      throws IOException, InterruptedException {
    long patience = Math.min(PATIENCE_MILLIS, bounds.time(Bound.PATIENCE).toMillis());
    long silence = Math.min(patience, bounds.time(Bound.SILENCE).toMillis());
    InetSocketAddress address = server.shared(Services.UPPER);
    String greeting = "";
    try (Socket socket = new Socket()) {
      try {
        socket.connect(address, Math.toIntExact(patience));
      } catch (IOException _) {
        return Optional.empty(); // Every rule finds that at once.
      }
      socket.setTcpNoDelay(true);
      greeting = receive(socket, silence, silence);
      socket.getOutputStream().write(REQUEST.getBytes(ISO_8859_1));
      String reply = receive(socket, patience, silence);
      if (!reply.isEmpty()) {
        return mismatch(greeting, reply);
      }
      socket.getOutputStream().write(REST_OF_LINE.getBytes(ISO_8859_1));
      return Optional.of(
          greeting.isEmpty() ? describeLate(receive(socket, patience, silence)) : GREETING);
    } catch (SocketException _) {
      return Optional.of(
          greeting.isEmpty() ? "it closes the connection without an answer" : GREETING);
    }
  }

  private static Optional<String> mismatch(String greeting, String reply) {
    if (reply.startsWith(HTTP)) {
      return Optional.of("it speaks HTTP");
    }
    if (reply.contains(REQUEST)) {
      return Optional.of("it echoes");
    }
    if (reply.contains(REPLY)
        || reply.length() == REPLY.length()
        || reply.charAt(0) == REPLY.charAt(0)) {
      return Optional.empty();
    }
    if (!greeting.isEmpty()) {
      return Optional.of(GREETING);
    }
    return Optional.of(
        "it answers " + Transcript.show(reply.getBytes(ISO_8859_1), 0, reply.length()));
  }

  /** Describes a server that has answered nothing before the end of the line. */
  private static String describeLate(String reply) {
    if (reply.isEmpty()) {
      return "it answers nothing";
    }
    return reply.startsWith(HTTP) ? "it speaks HTTP" : "it answers only whole lines";
  }

  /**
   * Receives until nothing more comes.
   *
   * @param first how long to wait for the first byte, in milliseconds
   * @param next how long to wait for further bytes
   * @throws SocketException if the connection ends before the first byte
   */
  private static String receive(Socket socket, long first, long next) throws IOException {
    InputStream input = socket.getInputStream();
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    byte[] chunk = new byte[CHUNK];
    socket.setSoTimeout(Math.toIntExact(first));
    try {
      int n = input.read(chunk);
      if (n < 0) {
        throw new SocketException("FIN");
      }
      socket.setSoTimeout(Math.toIntExact(next));
      while (n >= 0 && received.size() < CHUNK) {
        received.write(chunk, 0, n);
        n = input.read(chunk);
      }
    } catch (SocketTimeoutException _) {
      // Nothing more comes.
    } catch (SocketException e) {
      if (received.size() == 0) {
        throw e;
      }
    }
    return received.toString(ISO_8859_1);
  }
}
