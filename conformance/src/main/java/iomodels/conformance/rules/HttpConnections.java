package iomodels.conformance.rules;

import static iomodels.conformance.Bound.CLOSE;
import static iomodels.conformance.Bound.IDLE;
import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section15Http.HELLO;
import static iomodels.conformance.rules.Section15Http.NOTHING;
import static iomodels.conformance.rules.Section15Http.SLOW;
import static iomodels.conformance.rules.Section15Http.get;
import static iomodels.conformance.rules.Section15Http.program;
import static iomodels.conformance.rules.Section15Http.request;
import static java.nio.charset.StandardCharsets.US_ASCII;

import iomodels.conformance.Broken;
import iomodels.conformance.Inconclusive;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import iomodels.program.HttpRoute;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** How a connection is used, and how it ends: what the page of a server decides. */
final class HttpConnections {

  private static final int LARGE = 300_000;
  private static final int CHUNK = 16 * 1024;

  /** How many chunks {@code /sink} takes. */
  private static final int TAKEN = HttpRoute.SINK_LIMIT / CHUNK;

  private static final String LAST_CHUNK = "0\r\n\r\n";
  private static final int TRIES = 5;

  /** How many parts of content are sent before the response is read. */
  private static final int PARTS = 3;

  private static final Duration BETWEEN_PARTS = Duration.ofMillis(50);

  /** CONTRACT.md: how long a server reads on, at least, after it has refused content. */
  private static final Duration LEAST_LINGER = Duration.ofMillis(900);

  private static final String TOO_SLOW = "the kit was too slow to send while the server reads on";

  /** How long to wait until requests have been read. */
  private static final Duration AT_MOST = Duration.ofSeconds(5);

  private static final int SMALL_WINDOW = 16 * 1024;
  private static final long UNREAD = 100_000_000;

  /** When a head of a request has to be complete. */
  private static final Duration HEAD_LIMIT = Duration.ofSeconds(2);

  /** Longer than the response to a client that takes too long. */
  private static final int MAX_RESPONSE = 4_000;

  private static final Duration BETWEEN_BYTES = Duration.ofMillis(200);

  /** Longer than servers keep a formatted date: usually a second, by a timer that may be late. */
  private static final Duration BETWEEN_DATES = Duration.ofSeconds(4);

  /** RFC 9110, section 5.6.7: two digits for the day, unlike in RFC_1123_DATE_TIME. */
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM uuuu HH:mm:ss 'GMT'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  private HttpConnections() {}

  /** Rule 15.23. */
  static void keepsOpen(TestContext context) throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program(context));
    for (int i = 0; i < 3; i++) {
      client.send(get("/hello"));
      HttpResponse.demandText(client, HELLO);
      client.send(request("PUT /sink", "Content-Length: 3") + "abc");
      HttpResponse.next(client, 204);
      client.expectSilence(context.time(i == 0 ? IDLE : SILENCE));
    }
  }

  /** Rule 15.24. */
  static void inOrder(TestContext context) throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program(context));
    for (int i = 0; i < 3; i++) {
      client.send(
          get("/slow/50")
              + get("/hello")
              + get("/bytes/" + LARGE)
              + get("/slow/1")
              + get("/hello"));
      try {
        HttpResponse.demandText(client, SLOW);
        HttpResponse.demandText(client, HELLO);
        HttpResponse.next(client, 200).demandContent(Text::flood, LARGE);
        HttpResponse.demandText(client, SLOW);
        HttpResponse.demandText(client, HELLO);
      } catch (Broken e) {
        throw e.at("responses to five requests that are sent together, in their order");
      }
    }
    if (context.hasDeadline()) {
      outlastsTheLimit(context);
    }
  }

  /** The time limit of a head does not apply while a request is answered, pipelined or not. */
  private static void outlastsTheLimit(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer client =
        context.connect(context.program(ProgramConfig.onLoopback(List.of()).within(HEAD_LIMIT)));
    client.send(get("/hello") + get("/slow/" + HEAD_LIMIT.multipliedBy(3).dividedBy(2).toMillis()));
    HttpResponse.demandText(client, HELLO);
    try {
      HttpResponse.demandText(client, SLOW);
    } catch (Broken e) {
      throw e.at("an answer that takes longer than the time limit of a head");
    }
  }

  /** Rule 15.25. */
  static void unreadContent(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    String content = get("/hello");
    for (String route : List.of("GET /hello", "GET " + NOTHING, "PUT /deny")) {
      try (Peer client = context.connect(program)) {
        client.send(request(route, "Content-Length: " + content.length()) + content + get(NOTHING));
        HttpResponse first = HttpResponse.next(client);
        if (first.status() / 100 == 5) {
          throw new Broken("an answer", "got status " + first.status());
        }
        first.skipContent();
        Optional<HttpResponse> second = HttpResponse.nextOrEnd(client);
        if (second.isPresent() && second.get().status() != 404) {
          throw new Broken(
              "status 404 for the next request", "got status " + second.get().status());
        }
      } catch (Broken e) {
        throw e.at("the request behind content that %s does not need".formatted(route));
      }
    }
  }

  /** Rule 15.26. */
  static void nothingAfterClose(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (String fields :
        List.of(
            "Connection: close",
            "Connection: Close",
            "Connection: TE, close",
            "Connection: TE\r\nConnection: close")) {
      try (Peer client = context.connect(program)) {
        client.send(get("/hello") + request("GET /hello", fields) + get(NOTHING));
        HttpResponse.demandText(client, HELLO);
        HttpResponse.demandText(client, HELLO);
        client.expectEnd(context.time(CLOSE));
      } catch (Broken e) {
        throw e.at(fields.replace("\r\n", " and "));
      }
    }
  }

  /** Rule 15.27. */
  static void answersAfterFin(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (boolean early : List.of(true, false)) {
      Peer client = context.connect(program);
      client.send(
          get("/hello")
              + request("POST /upper", "Content-Length: 5")
              + "hello"
              + get("/slow/300")
              + get("/bytes/" + LARGE));
      if (!early) {
        client.awaitRead(AT_MOST);
        client.pause(BETWEEN_PARTS);
      }
      client.finishSending();
      try {
        HttpResponse.demandText(client, HELLO);
        HttpResponse.demandText(client, "HELLO");
        HttpResponse.demandText(client, SLOW);
        HttpResponse.next(client, 200).demandContent(Text::flood, LARGE);
        client.expectFin(context.time(CLOSE));
      } catch (Broken e) {
        throw e.at(
            early
                ? "a client that sends four requests and FIN"
                : "a client that sends FIN while it waits for the answers to its requests");
      }
      client.close();
    }
    Peer idle = context.connect(program);
    idle.send(get("/hello"));
    HttpResponse.demandText(idle, HELLO);
    idle.finishSending();
    idle.expectFin(context.time(CLOSE));
  }

  /** Rule 15.28. */
  static void refusesInStages(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    takesTheMost(context, program);
    for (String route : List.of("PUT /sink", "PUT /deny")) {
      boolean judged = false;
      for (int i = 0; i < TRIES && !judged; i++) {
        try (Peer client = context.connect(program)) {
          judged = staysAfterRefusal(client, route);
        } catch (Broken e) {
          throw e.at(route + ", while the client sends its content");
        }
      }
      if (!judged) {
        throw new Inconclusive(TOO_SLOW);
      }
    }
  }

  /** {@code /sink} takes content up to its limit, and refuses a byte more. */
  private static void takesTheMost(TestContext context, Instance program)
      throws Broken, IOException {
    String chunks = chunk(CHUNK).repeat(TAKEN);
    for (int more : List.of(0, 1)) {
      int length = HttpRoute.SINK_LIMIT + more;
      uploads(context, program, length, "Content-Length: " + length, "x".repeat(length));
      uploads(
          context,
          program,
          length,
          "Transfer-Encoding: chunked",
          chunks + (more > 0 ? chunk(more) : "") + LAST_CHUNK);
    }
  }

  private static void uploads(
      TestContext context, Instance program, int length, String field, String content)
      throws Broken, IOException, Inconclusive {
    boolean slow = false;
    try (Peer client = context.connect(program)) {
      long begun = System.nanoTime(); // The server may refuse the head, and read on for a second.
      client.sendUnlessReset((request("PUT /sink", field) + content).getBytes(US_ASCII));
      slow = System.nanoTime() - begun > LEAST_LINGER.toNanos();
      HttpResponse.next(client, length > HttpRoute.SINK_LIMIT ? 413 : 204);
    } catch (Broken e) {
      if (slow) {
        throw new Inconclusive(TOO_SLOW);
      }
      throw e.at("PUT /sink of %,d bytes, with %s".formatted(length, field));
    }
  }

  private static String chunk(int length) {
    return "%x\r\n%s\r\n".formatted(length, "x".repeat(length));
  }

  /**
   * Sends content that is refused, and goes on sending after the response.
   *
   * @return whether the kit was quick enough to tell
   */
  private static boolean staysAfterRefusal(Peer client, String route)
      throws Broken, InterruptedException {
    byte[] chunk = chunk(CHUNK).getBytes(US_ASCII);
    int status = route.endsWith("sink") ? 413 : 403;
    long refused = System.nanoTime(); // The server cannot have refused it earlier.
    client.send(request(route, "Transfer-Encoding: chunked"));
    for (int i = 0; i < (status == 413 ? TAKEN : 0); i++) {
      client.send(chunk);
      refused = System.nanoTime();
    }
    if (!client.sendUnlessReset(chunk)) {
      return false;
    }
    client.awaitInput("status " + status);
    for (int i = 1; ; i++) {
      client.pause(BETWEEN_PARTS);
      boolean open = client.sendUnlessReset(chunk);
      long passed = System.nanoTime() - refused;
      if (passed > LEAST_LINGER.toNanos()) {
        return i > PARTS;
      }
      if (!open) {
        throw new Broken(
            "a server that reads on after status %d, for at least a second".formatted(status),
            "it answered further content with RST, %,d ms after it could refuse the request"
                .formatted(passed / 1_000_000));
      }
      if (i == PARTS) {
        HttpResponse.next(client, status);
      }
    }
  }

  /** Rule 15.29. */
  static void truncated(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (String each :
        List.of(
            request("PUT /sink", "Content-Length: 5") + "hel",
            request("PUT /sink", "Transfer-Encoding: chunked") + "5\r\nhel",
            request("PUT /sink", "Transfer-Encoding: chunked") + "5\r\nhello\r\n")) {
      Peer client = context.connect(program);
      client.send(each);
      client.expectSilence(context.time(SILENCE));
      client.finishSending();
      Optional<String> line = client.lineOrEnd();
      if (line.isPresent() && line.get().matches("HTTP/1\\.[01] 2.*\r")) {
        throw new Broken(
            "no success for content that is cut off", "got \"%s\"".formatted(line.get().strip()));
      }
      client.close();
    }
    Peer upper = context.connect(program);
    upper.send(request("POST /upper", "Transfer-Encoding: chunked") + "5\r\nhel");
    upper.finishSending();
    boolean wasLast = false;
    for (Optional<String> line = upper.lineOrEnd(); line.isPresent(); line = upper.lineOrEnd()) {
      if (wasLast && line.get().equals("\r")) {
        throw new Broken("no end of a response to content that is cut off", "got the last chunk");
      }
      wasLast = line.get().equals("0\r");
    }
  }

  /** Rule 15.30. */
  static void continues(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    Peer client = context.connect(program);
    String fields = "Expect: 100-continue\r\nContent-Length: 5";
    client.send(request("PUT /sink", fields));
    HttpResponse.next(client, 100);
    client.send("hello");
    HttpResponse.next(client, 204);
    client.send(request("PUT /deny", fields));
    demandFinal(client, 403);
    client.close();
    Peer tooLong = context.connect(program);
    tooLong.send(request("PUT /sink", "Expect: 100-continue\r\nContent-Length: 99999999"));
    HttpResponse.next(tooLong, 100, 413); // After 100 the server may wait for the content.
    succeedsAfterContinue(context.connect(program), fields);
  }

  /** A client that gets a final status does not send the content, which the server waits for. */
  private static void succeedsAfterContinue(Peer upper, String fields) throws Broken {
    upper.send(request("POST /upper", fields));
    int status = HttpResponse.next(upper).status();
    if (status / 100 == 2) {
      throw new Broken("status 100 before a success that needs the content", "got " + status);
    }
    if (status == 100) {
      upper.send("hello");
      HttpResponse.demandText(upper, "HELLO");
    }
  }

  private static void demandFinal(Peer client, int status) throws Broken {
    if (HttpResponse.next(client, 100, status).status() == 100) {
      client.send("hello");
      HttpResponse.next(client, status);
    }
  }

  /** Rule 15.31. */
  static void noInterimResponse(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program(context));
    client.send(
        "PUT /sink HTTP/1.0\r\nHost: kit\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    client.expectSilence(context.time(SILENCE));
    client.send("hello");
    HttpResponse.next(client, 204);
  }

  /** Rule 15.32. */
  static void noContent(TestContext context) throws Broken, IOException, InterruptedException {
    Path folder = context.folder();
    Files.writeString(folder.resolve("file"), "abc");
    Peer client = context.connect(program(context, folder));
    for (String route :
        List.of(
            "/hello", "/bytes/1000", "/bytes/5?chunked", "/files/file", "/ticker", "/nothing")) {
      client.send(request("HEAD " + route, "") + get("/hello"));
      HttpResponse.next(client, 200, 404);
      try {
        HttpResponse.demandText(client, HELLO);
      } catch (Broken e) {
        throw e.at("after HEAD " + route);
      }
    }
    client.send(request("PUT /sink", "Content-Length: 3") + "abc" + get("/hello"));
    HttpResponse response = HttpResponse.next(client, 204);
    if (response.isChunked()) {
      throw new Broken("status 204 without Transfer-Encoding", "it is chunked");
    }
    HttpResponse.demandText(client, HELLO);
  }

  /** Rule 15.33. */
  static void noChunksForOldClients(TestContext context)
      throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (String route : List.of("/bytes/1000?chunked", "/ticker?ms=50")) {
      Peer client = context.connect(program);
      client.send("GET %s HTTP/1.0\r\nHost: kit\r\n\r\n".formatted(route));
      HttpResponse response = HttpResponse.next(client, 200);
      if (response.field("transfer-encoding").isPresent()) {
        throw new Broken("no Transfer-Encoding for HTTP/1.0", "it is chunked: " + route);
      }
      if (route.startsWith("/bytes")) {
        client.expectStream(Text::flood, 1000);
        client.expectFin();
      }
      client.close();
    }
  }

  /** Rule 15.34. */
  static void date(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    Peer client = context.connect(program);
    Instant first = date(client, "/hello");
    date(client, "/nothing");
    client.pause(BETWEEN_DATES);
    Instant second = date(context.connect(program), "/hello");
    if (!second.isAfter(first)) {
      throw new Broken(
          "a later Date in an answer that was asked for %,d ms later"
              .formatted(BETWEEN_DATES.toMillis()),
          "got %s after %s".formatted(second, first));
    }
  }

  private static Instant date(Peer client, String route) throws Broken {
    client.send(request("HEAD " + route, ""));
    Optional<String> date = HttpResponse.next(client).field("date");
    String wanted = "a field Date";
    if (date.isEmpty()) {
      throw new Broken(wanted, "there is none");
    }
    try {
      return DATE.parse(date.get(), Instant::from);
    } catch (DateTimeParseException _) {
      throw new Broken(wanted, "got " + date.get());
    }
  }

  /** Rule 15.35. */
  static void methods(TestContext context) throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program(context));
    client.send(request("HEAD /nothing", "") + request("HEAD /bytes/x", ""));
    HttpResponse.next(client, 404);
    HttpResponse.next(client, 404);
    client.send(request("HEAD /upper", "") + request("HEAD /sink", ""));
    for (String allowed : List.of("POST", "PUT")) {
      Optional<String> allow = HttpResponse.next(client, 405).field("allow");
      if (allow.filter(it -> it.contains(allowed)).isEmpty()) {
        throw new Broken("Allow: " + allowed, "got " + allow.orElse("no field Allow"));
      }
    }
  }

  /** Rule 15.37. */
  static void dribbles(TestContext context) throws Broken, IOException, InterruptedException {
    Duration limit = context.hasDeadline() ? HEAD_LIMIT : ProgramConfig.HEAD_LIMIT;
    Instance program = context.program(ProgramConfig.onLoopback(List.of()).within(limit));
    for (boolean isFirst : List.of(true, false)) {
      Peer client = context.connect(program);
      if (!isFirst) {
        client.send(get("/hello"));
        HttpResponse.demandText(client, HELLO);
      }
      client.send("GET /hello HTTP/1.1\r\nHost: ");
      long begun = System.nanoTime();
      try {
        client.whileSending(
            () -> client.sendUntilTheEnd(new byte[] {'x'}, BETWEEN_BYTES),
            () -> {
              client.readToEnd(MAX_RESPONSE, limit.plus(AT_MOST));
              client.close();
            });
      } catch (Broken e) {
        throw e.at("a client that sends the head of its request a byte at a time");
      }
      Duration most = limit.plus(context.time(CLOSE));
      long took = System.nanoTime() - begun;
      if (took > most.toNanos()) {
        throw Broken.late(
            "the end of the connection within %,d ms".formatted(most.toMillis()),
            "it came after %,d ms".formatted(took / 1_000_000));
      }
    }
  }

  /** Rule 15.40. */
  static void staysInFolder(TestContext context) throws Broken, IOException, InterruptedException {
    Path parent = context.folder();
    Path folder = Files.createDirectory(parent.resolve("public"));
    Files.writeString(parent.resolve("secret"), "secret");
    Files.writeString(folder.resolve("file"), "abc");
    Files.createSymbolicLink(folder.resolve("link"), Path.of("../secret"));
    Path neighbour = Files.createDirectory(parent.resolve("public-not"));
    Files.writeString(neighbour.resolve("secret"), "secret");
    Files.createSymbolicLink(folder.resolve("neighbour"), Path.of("../public-not/secret"));
    Files.createSymbolicLink(folder.resolve("zero"), Path.of("/dev/zero"));
    Files.createDirectory(folder.resolve("folder"));
    Instance program = program(context, folder);
    Peer client = context.connect(program);
    client.send(get("/files/file"));
    HttpResponse.demandText(client, "abc");
    for (String name :
        List.of(
            "link",
            "neighbour",
            "zero",
            "folder",
            "missing",
            "../secret",
            "../public-not/secret",
            "..%2fsecret",
            "..%2fpublic-not%2fsecret",
            "%2e%2e/secret",
            ".",
            "..",
            "folder/../../secret",
            "./file/../../secret")) {
      Peer each = context.connect(program);
      each.send(request("HEAD /files/" + name, "Connection: close"));
      int status = HttpResponse.next(each).status();
      if (status / 100 == 2) {
        throw new Broken("a refusal of HEAD /files/" + name, "got status " + status);
      }
      each.close();
    }
  }

  /** Rule 15.41. */
  static void othersGoOn(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    Peer slow = context.connectWithWindow(program, SMALL_WINDOW);
    slow.send(get("/bytes/" + UNREAD));
    slow.pauseUntilFull();
    Peer waits = context.connect(program);
    waits.send(get("/slow/60000"));
    Peer halfway = context.connect(program);
    halfway.send(request("POST /upper", "Content-Length: 10") + "hello");
    for (int i = 0; i < 20; i++) {
      try (Peer client = context.connect(program)) {
        client.send(get("/hello"));
        HttpResponse.demandText(client, HELLO);
      } catch (Broken e) {
        throw e.at("while one client does not read, one waits, and one sends slowly");
      }
    }
    HttpResponse.next(slow, 200).demandContent(Text::flood, UNREAD);
    halfway.send("world");
    HttpResponse.demandText(halfway, "HELLOWORLD");
  }
}
