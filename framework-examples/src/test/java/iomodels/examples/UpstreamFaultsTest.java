package iomodels.examples;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Shows faults of the JDK's HTTP server with its public API alone. The test fails as soon as one is
 * fixed: then correct docs/faults-upstream.md.
 */
@Timeout(60)
class UpstreamFaultsTest {

  @Test
  void theParserOfTheJdkAcceptsWhatItShouldRefuse() throws Exception {
    // tag::lenient[]
    String post = "POST / HTTP/1.1\r\nHost: a\r\n";
    Map<String, String> firstLines = new LinkedHashMap<>(); // by request
    firstLines.put("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK"); // without Host
    firstLines.put("GET / HTTP/1.1\r\nHost: a\r\nA: \0\r\n\r\n", "HTTP/1.1 200 OK");
    firstLines.put(post + "Content-Length: +3\r\n\r\nabc", "HTTP/1.1 200 OK");
    firstLines.put(
        "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 100 Continue");
    firstLines.put(post + "Transfer-Encoding: chunked\r\n\r\n1 ; a\r\nx\r\n0\r\n\r\n", "");
    // end::lenient[]

    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          exchange.sendResponseHeaders(200, -1);
        });
    server.start();
    Map<String, String> received = new LinkedHashMap<>();
    for (String request : firstLines.keySet()) {
      try (Socket client = new Socket()) {
        client.connect(server.getAddress());
        client.setSoTimeout(30_000);
        client.getOutputStream().write(request.getBytes(US_ASCII));
        received.put(request, firstLine(client));
      }
    }
    server.stop(0);
    assertThat(received).isEqualTo(firstLines);
  }

  private static String firstLine(Socket client) throws Exception {
    StringBuilder line = new StringBuilder();
    for (int c = client.getInputStream().read(); c > '\r'; c = client.getInputStream().read()) {
      line.append((char) c);
    }
    return line.toString();
  }
}
