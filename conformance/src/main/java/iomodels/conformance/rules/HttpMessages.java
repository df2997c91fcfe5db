package iomodels.conformance.rules;

import static iomodels.conformance.Bound.SILENCE;
import static iomodels.conformance.rules.Section15Http.HELLO;
import static iomodels.conformance.rules.Section15Http.NOTHING;
import static iomodels.conformance.rules.Section15Http.get;
import static iomodels.conformance.rules.Section15Http.program;
import static iomodels.conformance.rules.Section15Http.request;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import iomodels.conformance.Broken;
import iomodels.conformance.Peer;
import iomodels.conformance.TestContext;
import iomodels.conformance.targets.Instance;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** How requests are framed: what the parser of a server decides. */
final class HttpMessages {

  private static final int PIECES = 12;

  /** CONTRACT.md: a head of more than 64 KiB is too long. */
  private static final int LONG = 100_000;

  /** RFC 9112, section 3, also permits to redirect a request with a blank in its target. */
  private static final int MOVED = 301;

  /** How long a server may take to read a piece. */
  private static final Duration AT_MOST = Duration.ofMillis(300);

  private HttpMessages() {}

  /** Rule 15.01. */
  static void pieces(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    // Whether a server takes extensions and trailers is told by 15.21 and 15.22.
    boolean extended = isAnswered(context, program, requests(";name=value", "X-Checksum: x\r\n"));
    byte[] requests = extended ? requests(";name=value", "X-Checksum: x\r\n") : requests("", "");
    for (int i = 0; i <= PIECES; i++) {
      try (Peer client = context.connect(program)) {
        int from = 0;
        while (from < requests.length) {
          int most = i == 0 ? 1 : requests.length - from;
          int length = i == PIECES ? most : 1 + context.random().nextInt(most);
          client.send(requests, from, length);
          client.awaitRead(AT_MOST); // Or the next piece would join it in the kernel.
          from += length;
        }
        demandAnswers(client);
      } catch (Broken e) {
        throw e.at(i == PIECES ? "requests in one write" : "requests in pieces");
      }
    }
  }

  private static byte[] requests(String extension, String trailer) {
    return (get("/hello")
            + request("POST /upper", "Content-Length: 5")
            + "hello"
            + request("POST /upper", "Transfer-Encoding: chunked")
            + "5%s\r\nhello\r\n1\r\n!\r\n0\r\n%s\r\n".formatted(extension, trailer)
            + get("/hello"))
        .getBytes(ISO_8859_1);
  }

  private static void demandAnswers(Peer client) throws Broken {
    HttpResponse.demandText(client, HELLO);
    HttpResponse.demandText(client, "HELLO");
    HttpResponse.demandText(client, "HELLO!");
    HttpResponse.demandText(client, HELLO);
  }

  private static boolean isAnswered(TestContext context, Instance program, byte[] requests)
      throws IOException {
    try (Peer client = context.connect(program)) {
      client.send(requests);
      demandAnswers(client);
      return true;
    } catch (Broken _) {
      return false;
    }
  }

  /** Rule 15.02. */
  static void emptyLine(TestContext context) throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program(context));
    client.send("\r\n" + get("/hello"));
    HttpResponse.demandText(client, HELLO);
    client.send("\r\n" + get("/hello"));
    HttpResponse.demandText(client, HELLO);
  }

  /** Rule 15.03. */
  static void bareCarriageReturn(TestContext context)
      throws Broken, IOException, InterruptedException {
    demandNoSuchField(context, "X: a\r");
  }

  /** Rule 15.10. */
  static void foldedField(TestContext context) throws Broken, IOException, InterruptedException {
    demandNoSuchField(context, "X: a\r\n ");
  }

  /**
   * Sends a request in which Content-Length is a part of another field, and a second request of
   * that length. Demands a refusal, or two answers.
   */
  private static void demandNoSuchField(TestContext context, String before)
      throws Broken, IOException, InterruptedException {
    String second = get(NOTHING);
    Peer client = context.connect(program(context));
    client.send(request("GET /hello", before + "Content-Length: " + second.length()) + second);
    HttpResponse first = HttpResponse.next(client);
    if (first.status() / 100 == 4) {
      return;
    }
    first.demandContent(Peer.BytePattern.of(HELLO.getBytes(ISO_8859_1)), HELLO.length());
    try {
      HttpResponse.next(client, 404);
    } catch (Broken e) {
      throw e.at("the request behind one with a Content-Length that is part of another field");
    }
  }

  /** Rule 15.04. */
  static void requestLine(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (String line :
        List.of("GET", "GET /a b HTTP/1.1", "GET /hello HTTP/x", "\u0001GET / HTTP/1.1")) {
      demandRefused(context, program, line + "\r\nHost: kit\r\n\r\n", 400, 505, 501, MOVED);
    }
  }

  /** Rule 15.05. */
  static void longTarget(TestContext context) throws Broken, IOException, InterruptedException {
    demandClientError(context, get("/hello?" + "x".repeat(LONG)));
  }

  /** Rule 15.06. */
  static void host(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (String fields :
        List.of(
            "",
            "Host: a\r\nHost: b\r\n",
            "Host: a\r\nHost: a\r\n",
            "Host: a b\r\n",
            "Host: a/b\r\n")) {
      try {
        try (Peer client = context.connect(program)) {
          client.send("GET /hello HTTP/1.1\r\n" + fields + "\r\n");
          HttpResponse.next(client, 400);
        }
      } catch (Broken e) {
        throw e.at(fields.isEmpty() ? "no Host" : fields.strip().replace("\r\n", " and "));
      }
    }
  }

  /** Rule 15.07. */
  static void absoluteTarget(TestContext context) throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program(context));
    client.send(get("http://kit/hello"));
    HttpResponse.demandText(client, HELLO);
  }

  /** Rule 15.08. */
  static void version(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (String version : List.of("HTTP/2.0", "HTTP/9.9")) {
      try (Peer client = context.connect(program)) {
        client.send("GET /hello %s\r\nHost: kit\r\n\r\n".formatted(version));
        Optional<String> line = client.lineOrEnd();
        if (line.isPresent() && !line.get().matches("HTTP/(1\\.[01] |\\S+ (505|501|400) ).*\r")) {
          throw new Broken(
              "status 505, or an answer in HTTP/1.1", "got \"%s\"".formatted(line.get().strip()));
        }
      } catch (Broken e) {
        throw e.at("a request of " + version);
      }
    }
  }

  /** Rule 15.09. */
  static void whitespace(TestContext context) throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program(context));
    client.send(request("GET /hello", "Content-Length : 0"));
    HttpResponse.next(client, 400);
  }

  /** Rule 15.11. */
  static void nul(TestContext context) throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program(context));
    client.send(request("GET /hello", "X: a\0b"));
    HttpResponse.next(client, 400);
  }

  /** Rule 15.12. */
  static void longHead(TestContext context) throws Broken, IOException, InterruptedException {
    demandClientError(context, request("GET /hello", "X: " + "x".repeat(LONG)));
  }

  private static void demandClientError(TestContext context, String request)
      throws Broken, IOException, InterruptedException {
    try (Peer client = context.connect(program(context))) {
      client.sendUnlessReset(request.getBytes(ISO_8859_1));
      HttpResponse response = HttpResponse.next(client);
      if (response.status() / 100 != 4) {
        throw new Broken("status 4xx", "got " + response.status());
      }
    }
  }

  /** Rule 15.13. */
  static void contentLength(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (String value :
        List.of("+3", "-3", "0x3", "3_0", "3 3", "3, 4", "3\r\nContent-Length: 4")) {
      try {
        demandRefused(
            context, program, request("PUT /sink", "Content-Length: " + value) + "abc", 400, 413);
      } catch (Broken e) {
        throw e.at("Content-Length: " + value.replace("\r\n", " and "));
      }
    }
    demandNotTaken(
        context, program, request("PUT /sink", "Content-Length: 99999999999999999999") + "abc");
  }

  /** Sends a length that overflows a long; the server refuses it, or waits for the content. */
  private static void demandNotTaken(TestContext context, Instance program, String request)
      throws Broken, IOException, InterruptedException {
    try (Peer client = context.connect(program)) {
      client.send(request + get("/hello"));
      client.pause(context.time(SILENCE));
      client.finishSendingUnlessReset();
      demandNoSuccess(client);
    } catch (Broken e) {
      throw e.at("a length that is too large for a number of 64 bits");
    }
  }

  private static void demandNoSuccess(Peer client) throws Broken {
    for (Optional<String> line = client.lineOrEnd(); line.isPresent(); line = client.lineOrEnd()) {
      if (line.get().matches("HTTP/1\\.[01] 2[0-9]{2} .*\r")) {
        throw new Broken(
            "a refusal, and the end of the connection", "got \"%s\"".formatted(line.get().strip()));
      }
    }
  }

  /** Rule 15.14. */
  static void bothLengths(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (String fields :
        List.of(
            "Content-Length: 3\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 3")) {
      try (Peer client = context.connect(program)) {
        client.send(request("PUT /sink", fields) + "0\r\n\r\n" + get("/hello"));
        HttpResponse.next(client).skipContent();
        demandNothingMore(client);
      } catch (Broken e) {
        throw e.at("Content-Length and Transfer-Encoding");
      }
    }
  }

  private static void demandNothingMore(Peer client) throws Broken {
    Optional<String> line = client.lineOrEnd();
    if (line.isPresent()) {
      throw new Broken("the end of the connection", "got \"%s\"".formatted(line.get().strip()));
    }
  }

  /** Rule 15.15. */
  static void chunkedNotLast(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (String value : List.of("chunked, gzip", "chunked, xchunked", "xchunked", "identity")) {
      try {
        demandRefused(
            context,
            program,
            request("PUT /sink", "Transfer-Encoding: " + value) + "0\r\n\r\n",
            400,
            501);
      } catch (Broken e) {
        throw e.at("Transfer-Encoding: " + value);
      }
    }
  }

  /** Rule 15.16. */
  static void unknownCoding(TestContext context) throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program(context));
    client.send(request("PUT /sink", "Transfer-Encoding: x-unknown, chunked") + "0\r\n\r\n");
    HttpResponse.next(client, 501);
  }

  /** Rule 15.17. */
  static void chunkedInOldVersion(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program(context));
    client.send(
        "PUT /sink HTTP/1.0\r\nHost: kit\r\nConnection: keep-alive\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            + get("/hello"));
    HttpResponse first = HttpResponse.next(client);
    first.skipContent();
    demandNothingMore(client);
  }

  /** Rule 15.18. */
  static void chunkedTwice(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (String fields :
        List.of(
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked, chunked")) {
      try (Peer client = context.connect(program)) {
        client.send(request("PUT /sink", fields) + "5\r\nhello\r\n0\r\n\r\n" + get("/hello"));
        HttpResponse first = HttpResponse.next(client);
        first.skipContent();
        if (first.status() / 100 < 4) {
          demandSuccessOrEnd(client);
        }
      } catch (Broken e) {
        throw e.at(fields.replace("\r\n", " and "));
      }
    }
  }

  /** Rule 15.19. */
  static void chunkSizes(TestContext context) throws Broken, IOException, InterruptedException {
    chunks(
        context,
        List.of(
            "0x5\r\nhello\r\n0\r\n\r\n",
            "-1\r\nhello\r\n0\r\n\r\n",
            "1_0\r\nhello, world!!!!\r\n0\r\n\r\n",
            "\r\nhello\r\n0\r\n\r\n"));
    demandNotTaken(
        context,
        program(context),
        request("PUT /sink", "Transfer-Encoding: chunked")
            + "FFFFFFFFFFFFFFFF5\r\nhello\r\n0\r\n\r\n");
  }

  /** Rules 15.19 and 15.20: content that is not taken for complete; the connection ends. */
  static void chunks(TestContext context, List<String> malformed)
      throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (String each : malformed) {
      try (Peer client = context.connect(program)) {
        client.send(request("PUT /sink", "Transfer-Encoding: chunked") + each + get("/hello"));
        demandNoSuccess(client);
      } catch (Broken e) {
        throw e.at("chunks \"%s\"".formatted(each.strip().replace("\r\n", "\\r\\n")));
      }
    }
  }

  /** Rule 15.21. */
  static void chunkExtensions(TestContext context)
      throws Broken, IOException, InterruptedException {
    Peer client = context.connect(program(context));
    for (String each : List.of(";a", ";a=b", ";a=\"b;c\"", ";a=b;c=d", " ; a = b")) {
      client.send(
          request("POST /upper", "Transfer-Encoding: chunked")
              + "5%s\r\nhello\r\n0%s\r\n\r\n".formatted(each, each));
      try {
        HttpResponse.demandText(client, "HELLO");
      } catch (Broken e) {
        throw e.at("chunks with the extension \"%s\"".formatted(each));
      }
    }
  }

  /** Rule 15.22. */
  static void trailers(TestContext context) throws Broken, IOException, InterruptedException {
    Instance program = program(context);
    for (String each : List.of("Content-Length: 20", "Transfer-Encoding: chunked", "Host: x")) {
      try (Peer client = context.connect(program)) {
        client.send(
            request("POST /upper", "Transfer-Encoding: chunked")
                + "5\r\nhello\r\n0\r\n%s\r\n\r\n".formatted(each)
                + get("/hello"));
        if (HttpResponse.next(client, 200, 400).status() == 200) {
          demandSuccessOrEnd(client);
        }
      } catch (Broken e) {
        throw e.at("a trailer " + each);
      }
    }
  }

  /** Demands the status 200 behind the content of a response, or the end of the connection. */
  private static void demandSuccessOrEnd(Peer client) throws Broken {
    Optional<String> line = client.lineOrEnd();
    while (line.isPresent() && !line.get().startsWith("HTTP/1.")) {
      line = client.lineOrEnd();
    }
    if (line.isPresent() && !line.get().startsWith("HTTP/1.1 200 ")) {
      throw new Broken(
          "an answer to the next request, or the end of the connection",
          "got \"%s\"".formatted(line.get().strip()));
    }
  }

  /** Sends a malformed request and a correct one; demands one refusal, and the end. */
  private static void demandRefused(
      TestContext context, Instance program, String request, int... status)
      throws Broken, IOException {
    try (Peer client = context.connect(program)) {
      client.sendUnlessReset(request.getBytes(ISO_8859_1));
      if (HttpResponse.next(client, status).status() == MOVED) {
        return;
      }
      client.sendUnlessReset(get("/hello").getBytes(ISO_8859_1));
      for (Optional<String> line = client.lineOrEnd();
          line.isPresent();
          line = client.lineOrEnd()) {
        if (line.get().startsWith("HTTP/1.1 200")) {
          throw new Broken("the end of the connection", "the next request was answered");
        }
      }
    }
  }
}
