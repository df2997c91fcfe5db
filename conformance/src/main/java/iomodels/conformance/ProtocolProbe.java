package iomodels.conformance;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import iomodels.conformance.targets.Target;
import iomodels.service.Service;
import iomodels.service.Services;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Detects a server that plainly provides another protocol than the service that it is tested as.
 * Each rule would then end with a timeout, after {@link Bound#PATIENCE}. A server that answers as
 * the service does, late or in part, is left to the rules.
 */
final class ProtocolProbe {

  private static final String REQUEST = "abcdefghijklmnopqrstuvwxyz";

  /** Completes the request to a line, and for an HTTP server to the head of a request. */
  private static final String REST_OF_LINE = " / HTTP/1.0\r\n\r\n";

  /** How long a server has before the request is completed to a line. */
  private static final Duration AT_ONCE = Duration.ofSeconds(1);

  /** A server answers only whole lines if it takes this many times as long for anything else. */
  private static final int TIMES_SLOWER = 5;

  private static final Duration CRASH_DELAY = Duration.ofMillis(200);
  private static final int CHUNK = 4096;

  private static final String HTTP = "HTTP/";
  private static final String TLS_ALERT = "\u0015\u0003";

  private final InetSocketAddress address;
  private final Service service;
  private final Duration patience;
  private final Duration silence;

  private ProtocolProbe(InetSocketAddress address, Service service, Bounds bounds) {
    this.address = address;
    this.service = service;
    this.patience = bounds.time(Bound.PATIENCE);
    this.silence = least(bounds.time(Bound.SILENCE), patience);
  }

  /**
   * Returns whether a run that tests this rule begins with a probe: 1.01, so that a user can test
   * any other rule alone. Identifiers of rules are stable.
   */
  static boolean isBasic(Rule rule) {
    return rule.id().equals("1.01");
  }

  /** Returns what the server does instead, with a remedy; empty if it seems to serve this. */
  static Optional<String> findMismatch(Target server, Service service, Bounds bounds)
      throws IOException, InterruptedException {
    InetSocketAddress address = server.shared(service);
    Optional<String> mismatch = new ProtocolProbe(address, service, bounds).findMismatch();
    // The rules tell how a server has ended.
    return mismatch.isPresent() && server.crash(address, CRASH_DELAY).isPresent()
        ? Optional.empty()
        : mismatch;
  }

  private Optional<String> findMismatch() throws IOException {
    try {
      return talk();
    } catch (ClosedException _) {
      return Optional.of("it closes the connection without an answer");
    } catch (SocketTimeoutException | SocketException _) {
      return Optional.empty(); // It does not accept, or refuses; every rule finds that.
    }
  }

  /** Has one conversation at a time: the server may serve one client at a time. */
  private Optional<String> talk() throws IOException {
    String request = service.equals(Services.FLOOD) ? "26\n" : request();
    String expected = reply(service, request);
    boolean answers = !service.equals(Services.DISCARD);
    boolean wholeLine = request.endsWith("\n");
    Duration first = answers ? wholeLine ? patience : least(AT_ONCE, patience) : silence;
    String reply;
    String late = "";
    try (Socket socket = connect()) {
      send(socket, request);
      reply = receive(socket, first, expected);
      if (reply.isEmpty() && answers && !wholeLine) {
        send(socket, REST_OF_LINE);
        late = receive(socket, patience, expected);
      }
    }
    if (!reply.isEmpty() || !answers) {
      return mismatch(request, expected, reply);
    }
    if (late.isEmpty()) {
      return Optional.of("it answers nothing; if it only reads, try --service discard");
    }
    return speaksHttp(late)
        ? mismatch(request, expected, late)
        : unlessSlow(request, expected, late);
  }

  private String request() {
    return service.equals(Services.LINES) ? REQUEST + "\n" : REQUEST;
  }

  /** Tells a server that waits for the end of a line from one that is slow. */
  private Optional<String> unlessSlow(String request, String expected, String late)
      throws IOException {
    long start = System.nanoTime();
    ask(request + REST_OF_LINE);
    Duration longer = Duration.ofNanos(System.nanoTime() - start).multipliedBy(TIMES_SLOWER);
    Duration wait =
        longer.compareTo(AT_ONCE.multipliedBy(2)) < 0 ? AT_ONCE.multipliedBy(2) : longer;
    String reply;
    try (Socket socket = connect()) {
      send(socket, request);
      reply = receive(socket, least(wait, patience), expected);
    }
    if (!reply.isEmpty()) {
      return mismatch(request, expected, reply);
    }
    return Optional.of(
        late.startsWith(reply(Services.UPPER, REQUEST))
            ? "it answers only whole lines; try --service lines"
            : "it answers only whole lines: " + shown(late));
  }

  /** Returns whether this is a response, or one without a head: the request has no version. */
  private static boolean speaksHttp(String reply) {
    return reply.startsWith(HTTP) || reply.toLowerCase(Locale.ROOT).contains("<html");
  }

  private Optional<String> mismatch(String request, String expected, String reply)
      throws IOException {
    if (speaksHttp(reply)) {
      return Optional.of("it speaks HTTP; try --program http");
    }
    if (reply.startsWith(TLS_ALERT)) {
      return Optional.of("it speaks TLS; the kit needs a port without it");
    }
    if (expected.isEmpty() ? reply.isEmpty() : reply.contains(expected)) {
      return Optional.empty();
    }
    String greeting = greeting();
    if (!greeting.isEmpty()) {
      return Optional.of(
          "it speaks first: %s; a service of the contract waits for a request"
              .formatted(shown(greeting)));
    }
    // The counts of flood are no letters: a reply in upper case would look like an echo.
    String letters = service.equals(Services.FLOOD) ? REQUEST + "\n" : request;
    String other = service.equals(Services.FLOOD) ? ask(letters) : reply;
    for (Service each : List.of(Services.ECHO, Services.UPPER, Services.FIXED)) {
      if (other.equals(reply(each, letters))) {
        return Optional.of("it %s; try --service %s".formatted(does(each), each.name()));
      }
    }
    boolean similar =
        reply.length() == expected.length()
            || (!expected.isEmpty() && reply.charAt(0) == expected.charAt(0));
    return similar
        ? Optional.empty()
        : Optional.of(
            "it answers %s; name a service of the contract with --service".formatted(shown(reply)));
  }

  private static String does(Service service) {
    return service.equals(Services.ECHO)
        ? "echoes"
        : service.equals(Services.UPPER)
            ? "answers in upper case"
            : "answers the constant of " + service.name();
  }

  private String greeting() throws IOException {
    try (Socket socket = connect()) {
      return receive(socket, least(AT_ONCE, patience), "");
    } catch (ClosedException _) {
      return "";
    }
  }

  private String ask(String request) throws IOException {
    try (Socket socket = connect()) {
      send(socket, request);
      return receive(socket, patience, "");
    } catch (ClosedException _) {
      return "";
    }
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket();
    try {
      socket.connect(address, Math.toIntExact(patience.toMillis()));
      socket.setTcpNoDelay(true);
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(ISO_8859_1));
  }

  private static String shown(String reply) {
    return Transcript.show(reply.getBytes(ISO_8859_1), 0, reply.length());
  }

  private static String reply(Service service, String request) {
    ByteBuffer out = ByteBuffer.allocate(CHUNK);
    service.open().advance(ByteBuffer.wrap(request.getBytes(ISO_8859_1)), out, false);
    return new String(out.array(), 0, out.position(), ISO_8859_1);
  }

  private static Duration least(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /**
   * Receives until nothing more comes, or until the expected reply is complete.
   *
   * @param first how long to wait for the first byte
   * @param expected empty if whatever comes is to be received
   * @throws ClosedException if the connection ends before the first byte
   */
  private String receive(Socket socket, Duration first, String expected) throws IOException {
    InputStream input = socket.getInputStream();
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    byte[] chunk = new byte[CHUNK];
    socket.setSoTimeout(Math.toIntExact(first.toMillis()));
    try {
      int n = input.read(chunk);
      if (n < 0) {
        throw new ClosedException();
      }
      socket.setSoTimeout(Math.toIntExact(silence.toMillis()));
      while (n >= 0 && received.size() < CHUNK) {
        received.write(chunk, 0, n);
        if (!expected.isEmpty() && received.toString(ISO_8859_1).equals(expected)) {
          break;
        }
        n = input.read(chunk);
      }
    } catch (SocketTimeoutException _) {
      // Nothing more comes.
    } catch (SocketException e) {
      if (received.size() == 0) {
        throw e instanceof ClosedException ? e : new ClosedException();
      }
    }
    return received.toString(ISO_8859_1);
  }

  /** The server has ended the connection without an answer. */
  private static final class ClosedException extends SocketException {

    private static final long serialVersionUID = 1;
  }
}
