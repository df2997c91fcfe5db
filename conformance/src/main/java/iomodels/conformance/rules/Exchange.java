package iomodels.conformance.rules;

import static iomodels.service.Services.DISCARD;
import static iomodels.service.Services.ECHO;
import static iomodels.service.Services.FIXED;
import static iomodels.service.Services.FLOOD;
import static iomodels.service.Services.LINES;
import static iomodels.service.Services.UPPER;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.Peer.BytePattern;
import iomodels.conformance.TestContext;
import iomodels.service.Service;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * How a client talks to a service: what it sends, and which replies are due. Rules about
 * connections use it, so that they can be tested with whichever service a target provides.
 */
final class Exchange {

  /** All services; a rule about connections prefers {@code upper}. */
  static final List<Service> ANY = List.of(UPPER, ECHO, LINES, FIXED, FLOOD, DISCARD);

  /** All services, for rules that prefer long replies. */
  static final List<Service> ANY_FLOOD_FIRST = List.of(FLOOD, UPPER, ECHO, LINES, FIXED, DISCARD);

  /** All services, for rules that prefer incomplete requests. */
  static final List<Service> ANY_LINES_FIRST = List.of(LINES, FLOOD, UPPER, ECHO, FIXED, DISCARD);

  /** The services that answer. */
  static final List<Service> ANSWERING = List.of(UPPER, ECHO, LINES, FIXED, FLOOD);

  /** The services that answer requests which a client sends without waiting for the replies. */
  static final List<Service> PIPELINING = List.of(UPPER, ECHO, LINES, FLOOD);

  /** The same, for rules that prefer long replies. */
  static final List<Service> PIPELINING_FLOOD_FIRST = List.of(FLOOD, UPPER, ECHO, LINES);

  /** The services that answer each byte as soon as it is received. */
  static final List<Service> BYTEWISE = List.of(UPPER, ECHO);

  /** The services that return text; {@code lines} does so line by line. */
  static final List<Service> TEXT = List.of(UPPER, ECHO, LINES);

  /** The services that end a conversation by themselves, after an error line. */
  static final List<Service> REFUSING = List.of(LINES, FLOOD);

  private static final byte[] CONSTANT = "dddddd".getBytes(US_ASCII);
  private static final byte[] NOTHING = {};

  /** A server that reads later is not yet served when the check goes on, which is no fault. */
  private static final Duration READ = Duration.ofSeconds(1);

  private static final int LINE = 80;
  private static final String COUNT = "100\n";
  private static final int COUNTED = 100;
  private static final String EXPECTED_A_COUNT = "ERR expected a count\n";
  private static final int MAX_COUNT = 4000;
  private static final int TOO_LONG = 9000;
  private static final int LONG_LINE = 1000;

  /** Number of characters of counts that a message shows. */
  private static final int SHOWN = 40;

  private final Service service;

  private Exchange(Service service) {
    this.service = service;
  }

  /** Returns the exchange for the service that a rule is tested with. */
  static Exchange of(TestContext context) {
    return new Exchange(context.service());
  }

  boolean is(Service other) {
    return service.equals(other);
  }

  /** Returns whether the service answers each byte as soon as it is received. */
  boolean isBytewise() {
    return BYTEWISE.contains(service);
  }

  /** Returns whether the service answers requests. */
  boolean answers() {
    return !is(DISCARD);
  }

  /** Returns whether a client may send requests without waiting for the replies. */
  boolean pipelines() {
    return PIPELINING.contains(service);
  }

  /** Returns a small request; requests with different numbers have different replies, if any. */
  byte[] request(int number) {
    return text(number).getBytes(US_ASCII);
  }

  private String text(int number) {
    return switch (service.name()) {
      case "flood" -> 1 + number % MAX_COUNT + "\n";
      case "lines" -> "request %d\n".formatted(number);
      default -> "request %d;".formatted(number);
    };
  }

  /** Returns the reply to a small request. */
  byte[] reply(int number) {
    return switch (service.name()) {
      case "upper", "echo", "lines" -> Text.reply(service, request(number));
      case "fixed" -> CONSTANT;
      case "flood" -> counted(1 + number % MAX_COUNT);
      default -> NOTHING;
    };
  }

  private static byte[] counted(int count) {
    byte[] reply = new byte[count];
    Text.flood(reply, count, 0);
    return reply;
  }

  /** Returns the first part of a small request, to which no reply is due; may be empty. */
  byte[] begun(int number) {
    byte[] request = request(number);
    return REFUSING.contains(service) ? Arrays.copyOf(request, request.length - 1) : NOTHING;
  }

  /** Returns the part of a small request that follows {@link #begun}. */
  byte[] rest(int number) {
    byte[] request = request(number);
    return Arrays.copyOfRange(request, begun(number).length, request.length);
  }

  /** Sends a small request, and demands its reply; without replies, lets the server read it. */
  void hold(Peer peer, int number) throws Broken {
    peer.send(request(number));
    if (answers()) {
      peer.expect(reply(number));
    } else {
      peer.awaitRead(READ);
    }
  }

  /** Sends a small request, demands the reply, sends FIN, and demands FIN. */
  void holdLast(Peer peer, int number) throws Broken {
    peer.send(request(number));
    peer.expect(reply(number));
    peer.finishSending();
    peer.expectFin();
  }

  /** Requests, and the replies to them. */
  static final class Batch {

    private final String name;
    private final byte[] requests;
    private final byte[] replies;

    private Batch(String name, byte[] requests, byte[] replies) {
      this.name = name;
      this.requests = requests;
      this.replies = replies;
    }

    /** Returns what the client sends, for a message. */
    String name() {
      return name;
    }

    byte[] requests() {
      return requests;
    }

    byte[] replies() {
      return replies;
    }
  }

  /** Returns requests of exactly this length, which is at least 2. */
  Batch batch(RandomGenerator random, int length) {
    return is(FLOOD) ? counts(random, length) : text(random, length);
  }

  private Batch text(RandomGenerator random, int length) {
    byte[] text = Text.noise(random, length);
    if (is(LINES)) {
      for (int i = 0; i < length; i++) {
        if (i % LONG_LINE == LONG_LINE - 1 || i == length - 1) {
          text[i] = '\n';
        } else if (text[i] == '\n') {
          text[i] = 'n';
        }
      }
    }
    return new Batch(
        "%,d bytes%s".formatted(length, is(LINES) ? " of lines" : ""),
        text,
        Text.reply(service, text));
  }

  private static Batch counts(RandomGenerator random, int length) {
    ByteArrayOutputStream requests = new ByteArrayOutputStream();
    ByteArrayOutputStream replies = new ByteArrayOutputStream();
    while (requests.size() < length) {
      int left = length - requests.size();
      // A count of one digit takes two bytes, one of two digits three.
      int digits = left == 2 || left == 4 ? 1 : left == 3 ? 2 : random.nextInt(1, 3);
      int count = digits == 1 ? random.nextInt(10) : random.nextInt(10, 100);
      requests.writeBytes((count + "\n").getBytes(US_ASCII));
      replies.writeBytes(counted(count));
    }
    String counts = requests.toString(US_ASCII).strip().replace("\n", ", ");
    String shown = counts.length() > SHOWN ? counts.substring(0, SHOWN) + "…" : counts;
    return new Batch("the counts " + shown, requests.toByteArray(), replies.toByteArray());
  }

  /**
   * An endless sequence of requests, of which a client may send any number of bytes.
   *
   * @param requests what the client sends
   * @param replies what the server answers
   */
  record Flow(Service service, BytePattern requests, BytePattern replies) {

    /** Returns the number of reply bytes that are due after this number of sent bytes. */
    long due(long sent) {
      return switch (service.name()) {
        case "upper", "echo" -> sent;
        case "lines" -> sent - sent % LINE;
        case "flood" -> sent / COUNT.length() * COUNTED;
        default -> 0;
      };
    }

    /** Returns what FIN after this number of sent bytes adds to the replies. */
    byte[] atEnd(long sent) {
      if (service.equals(LINES)) {
        byte[] last = new byte[(int) (sent % LINE)];
        replies.fill(last, last.length, sent - last.length);
        return last;
      }
      return service.equals(FLOOD) && sent % COUNT.length() > 0
          ? EXPECTED_A_COUNT.getBytes(US_ASCII)
          : NOTHING;
    }

    /** Returns the longest beginning of a number of bytes at which no request is cut off. */
    long whole(long bytes) {
      return bytes - bytes % ((long) LINE * COUNT.length());
    }
  }

  /** Returns a flow; flows with different seeds differ, except for {@code flood}. */
  Flow flow(long seed) {
    BytePattern noise = Text.stream(seed);
    return switch (service.name()) {
      case "lines" -> {
        BytePattern lines =
            (into, length, position) -> {
              noise.fill(into, length, position);
              for (int i = 0; i < length; i++) {
                if ((position + i) % LINE == LINE - 1) {
                  into[i] = '\n';
                } else if (into[i] == '\n') {
                  into[i] = 'n';
                }
              }
            };
        yield new Flow(service, lines, Text.reply(service, lines));
      }
      case "flood" ->
          new Flow(
              service,
              (into, length, position) -> {
                for (int i = 0; i < length; i++) {
                  into[i] = (byte) COUNT.charAt((int) ((position + i) % COUNT.length()));
                }
              },
              (into, length, position) -> {
                for (int i = 0; i < length; i++) {
                  into[i] = (byte) ((position + i) % COUNTED);
                }
              });
      case "upper", "echo" -> new Flow(service, noise, Text.reply(service, noise));
      default -> new Flow(service, noise, (_, _, _) -> {});
    };
  }

  /** Returns how many bytes of a flow have replies of about this length. */
  long requesting(long replies) {
    return is(FLOOD) ? replies / COUNTED * COUNT.length() : replies;
  }

  /** Returns how much of a flow to send until all buffers are full, at most. */
  long fillLimit(long bytes) {
    // Each byte of a request has many bytes of a reply: the server must not work for minutes.
    return is(FLOOD) ? Math.min(bytes, requesting(bytes)) : bytes;
  }

  /**
   * Requests a reply that does not fit into any buffer, without reading it, until the server is
   * blocked. The client's receive buffer should be small.
   *
   * @return the rest of the conversation up to FIN, unless the service has no such replies
   */
  Optional<Pending> leavePending(Peer peer, long seed, long atMost)
      throws Broken, InterruptedException {
    if (!pipelines()) {
      return Optional.empty();
    }
    Flow flow = flow(seed);
    long sent = peer.sendUntilFull(flow.requests(), fillLimit(atMost));
    return Optional.of(new Pending(flow, sent));
  }

  /** Replies that are pending. */
  record Pending(Flow flow, long sent) {

    /** Demands the replies that are due without FIN. */
    void expect(Peer peer) throws Broken {
      peer.expectStream(flow.replies(), flow.due(sent));
    }

    /** Demands the replies that are due after FIN, and FIN. */
    void expectToTheEnd(Peer peer) throws Broken {
      expect(peer);
      peer.expect(flow.atEnd(sent));
      peer.expectFin();
    }

    /**
     * Demands the replies that are due when the server stops, and FIN. Whether a request that is
     * cut off there is answered is not specified.
     */
    void expectToTheStop(Peer peer) throws Broken {
      expect(peer);
      peer.expectFinAfter(flow.atEnd(sent));
    }
  }

  /** Returns whether the service refuses some requests, and then ends the conversation. */
  boolean refuses() {
    return REFUSING.contains(service);
  }

  /** Returns a request that the server refuses; only if the service refuses some. */
  byte[] refusedRequest() {
    return is(LINES) ? "x".repeat(TOO_LONG).getBytes(US_ASCII) : "no count\n".getBytes(US_ASCII);
  }

  /** Returns the error line with which the server answers {@link #refusedRequest}. */
  String error() {
    return is(LINES) ? "ERR line too long\n" : EXPECTED_A_COUNT;
  }

  /** Measures replies to small requests, in nanoseconds. */
  long[] roundTrips(Peer peer, int number) throws Broken {
    long[] nanos = new long[number];
    for (int i = 0; i < number; i++) {
      long start = System.nanoTime();
      hold(peer, i % 10);
      nanos[i] = System.nanoTime() - start;
    }
    return nanos;
  }

  /** Demands FIN within this time, and nothing before it. */
  static void demandFin(Peer peer, Duration within, String when) throws Broken {
    try {
      peer.expectFin(within);
    } catch (Broken e) {
      throw e.at(when);
    }
  }
}
