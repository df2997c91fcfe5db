package iomodels.examples;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.SimpleFileServer;
import iomodels.program.HttpRoute;
import iomodels.program.ProgramConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The program {@code http} with the server of the JDK, as its documentation shows it: a handler,
 * and an executor. Each exchange has a virtual thread, and blocks. Files are served by {@link
 * SimpleFileServer}.
 *
 * <p>The JDK's server takes a CR without LF for the end of a field (15.03). It checks neither
 * {@code Host} (15.06) nor the version of HTTP, so it takes {@code GET /a b HTTP/1.1} for a request
 * of {@code /a} (15.04). It has no limit for the target alone (15.05). It accepts NUL in the value
 * of a field (15.11), {@code Content-Length: +3} (15.13), and chunks in HTTP/1.0 (15.17). Heads may
 * have 384 KiB; at a longer one it resets the connection, without a status (15.12). It refuses a
 * blank before the extension of a chunk (15.21). If a request has a trailer, it cuts its response
 * off. It overlooks {@code close} among several options of {@code Connection} (15.26). Behind
 * content that was refused it reads 64 KiB, and then closes the socket (15.28). It sends 100
 * Continue to clients of HTTP/1.0 (15.31). By default it has no time limit for the head of a
 * request (15.37). On stop, idle connections stay open until the time limit (15.39; the kit may not
 * be able to tell on a busy machine). It does not read while a request is answered: a thread that
 * sleeps goes on when its client has gone, and the socket stays open until then (15.42).
 */
final class JdkHttpExample {

  private static final int BUFFER_SIZE = 8 * 1024;

  /** What the JDK takes for a length that is not known: the response is sent in chunks. */
  private static final int CHUNKED = 0;

  /** What the JDK takes for no content. */
  private static final int NO_CONTENT = -1;

  private final Path folder;

  private JdkHttpExample(Path folder) {
    this.folder = folder;
  }

  /** Starts to serve. */
  static ExampleServer serve(ProgramConfig config) throws IOException {
    Path folder = config.folder().toRealPath();
    HttpServer server = HttpServer.create(config.address(), config.backlog());
    server.createContext("/", new JdkHttpExample(folder)::answer);
    server.createContext("/files/", SimpleFileServer.createFileHandler(folder));
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    server.setExecutor(executor);
    server.start();
    return new ExampleServer(
        server.getAddress(),
        () -> {
          server.stop((int) config.gracePeriod().toSeconds());
          executor.shutdownNow();
        });
  }

  private void answer(HttpExchange exchange) throws IOException {
    try {
      String target = exchange.getRequestURI().toString();
      switch (HttpRoute.of(exchange.getRequestMethod(), target, folder)) {
        case HttpRoute.Slow it -> {
          Thread.sleep(it.delay());
          text(exchange, it);
        }
        case HttpRoute.Text it -> text(exchange, it);
        case HttpRoute.Upper _ -> upper(exchange);
        case HttpRoute.Sink _ -> sink(exchange);
        case HttpRoute.Bytes it -> bytes(exchange, it);
        case HttpRoute.Ticker it -> ticker(exchange, it);
        case HttpRoute.Resource it -> throw new AssertionError(it + " has a context of its own");
      }
    } catch (InterruptedException _) {
      exchange.close(); // The server stops.
    }
  }

  private static boolean isHead(HttpExchange exchange) {
    return exchange.getRequestMethod().equals("HEAD");
  }

  private static void text(HttpExchange exchange, HttpRoute.Text answer) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "text/plain");
    if (answer instanceof HttpRoute.Refusal refusal && !refusal.allow().isEmpty()) {
      exchange.getResponseHeaders().set("Allow", refusal.allow());
    }
    byte[] text = answer.text().getBytes(US_ASCII);
    if (begin(exchange, answer.status(), text.length)) {
      OutputStream out = exchange.getResponseBody();
      out.write(text);
      out.close();
    }
  }

  /** Sends the head of a response of this length; returns whether content follows. */
  private static boolean begin(HttpExchange exchange, int status, long length) throws IOException {
    if (isHead(exchange)) {
      exchange.getResponseHeaders().set("Content-Length", String.valueOf(length));
      exchange.sendResponseHeaders(status, NO_CONTENT);
      return false;
    }
    exchange.sendResponseHeaders(status, length == 0 ? NO_CONTENT : length);
    return length > 0;
  }

  private static void upper(HttpExchange exchange) throws IOException {
    String length = exchange.getRequestHeaders().getFirst("Content-Length");
    if (length == null) {
      exchange.sendResponseHeaders(200, CHUNKED);
    } else if (!begin(exchange, 200, Long.parseLong(length))) {
      return;
    }
    InputStream in = exchange.getRequestBody();
    OutputStream out = exchange.getResponseBody();
    out.flush(); // The response begins before the content has arrived.
    byte[] buffer = new byte[BUFFER_SIZE];
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      out.write(Ascii.upper(buffer), 0, n);
      out.flush();
    }
    out.close();
  }

  private static void sink(HttpExchange exchange) throws IOException {
    byte[] content = exchange.getRequestBody().readNBytes(HttpRoute.SINK_LIMIT + 1);
    if (content.length > HttpRoute.SINK_LIMIT) {
      text(exchange, HttpRoute.Sink.TOO_LONG);
    } else {
      exchange.sendResponseHeaders(204, NO_CONTENT);
    }
  }

  private static void bytes(HttpExchange exchange, HttpRoute.Bytes wanted) throws IOException {
    if (wanted.chunked() && !isHead(exchange)) {
      exchange.sendResponseHeaders(200, CHUNKED);
    } else if (!begin(exchange, 200, wanted.length())) {
      return;
    }
    OutputStream out = exchange.getResponseBody();
    for (long sent = 0; sent < wanted.length(); ) {
      int length = (int) Math.min(HttpRoute.Bytes.MAX_PART, wanted.length() - sent);
      byte[] part = HttpRoute.Bytes.part(sent, length);
      out.write(part);
      sent += part.length;
    }
    out.close();
  }

  private static void ticker(HttpExchange exchange, HttpRoute.Ticker wanted)
      throws IOException, InterruptedException {
    exchange.getResponseHeaders().set("Content-Type", HttpRoute.EVENT_STREAM);
    if (isHead(exchange)) {
      exchange.sendResponseHeaders(200, NO_CONTENT);
      return;
    }
    exchange.sendResponseHeaders(200, CHUNKED);
    OutputStream out = exchange.getResponseBody();
    for (long number = 1; ; number++) {
      out.write(HttpRoute.Ticker.event(number).getBytes(US_ASCII));
      out.flush(); // Fails when the client has gone.
      Thread.sleep(wanted.interval());
    }
  }
}
