package iomodels.cli.commands;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.program.HttpRoute;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.Server;
import iomodels.server.spi.StyleProvider;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Clients that others wrote read the responses of the program http: the JDK's {@link HttpClient},
 * and h11, which checks how they are framed.
 */
@Timeout(120)
class HttpReadersIT {

  private static final Path SCRIPT = Path.of("src/test/python/read_with_h11.py");
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int LONG = 100_000;

  @TempDir private static Path folder;

  @BeforeAll
  static void files() throws IOException {
    Files.writeString(folder.resolve("a.txt"), "some text\n");
  }

  static Stream<StyleProvider> styles() {
    return StyleProvider.installed().stream();
  }

  @Test
  void readAStyle() throws Exception {
    StyleProvider style = StyleProvider.named("virtual-threads").orElseThrow();
    readsWithHttpClient(style);
    readsWithH11(style);
  }

  @Tag("thorough")
  @ParameterizedTest
  @MethodSource("styles")
  void readsWithH11(StyleProvider style) throws Exception {
    Path output = folder.resolve("h11-of-" + style.style());
    try (Server server = start(style)) {
      Process reader =
          new ProcessBuilder(
                  PythonTwinsIT.pythonWith("h11"),
                  SCRIPT.toString(),
                  String.valueOf(server.address().getPort()))
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      try {
        boolean ended = reader.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(Files.readString(output)).isEmpty();
        assertThat(ended).as("ended within %s", LIMIT).isTrue();
        assertThat(reader.exitValue()).isZero();
      } finally {
        reader.destroyForcibly();
      }
    }
  }

  @Tag("thorough")
  @ParameterizedTest
  @MethodSource("styles")
  void readsWithHttpClient(StyleProvider style) throws Exception {
    try (Server server = start(style);
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      JdkReader reader = new JdkReader(client, server.address().getPort());
      reader.readsTexts();
      reader.readsContent();
      reader.readsUploads();
      reader.readsRefusals();
      reader.readsEvents();
    }
  }

  private static Server start(StyleProvider style) throws IOException {
    ProgramConfig config =
        ProgramConfig.onLoopback(List.of()).within(ProgramConfig.HEAD_LIMIT).reading(folder);
    return style.page(Programs.HTTP).orElseThrow().starter().start(config);
  }

  private record JdkReader(HttpClient client, int port) {

    HttpRequest.Builder request(String target) {
      return HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d%s".formatted(port, target)))
          .timeout(LIMIT);
    }

    HttpResponse<byte[]> send(String method, String target, BodyPublisher content)
        throws IOException, InterruptedException {
      return client.send(
          request(target).method(method, content).build(), BodyHandlers.ofByteArray());
    }

    HttpResponse<byte[]> send(String method, String target)
        throws IOException, InterruptedException {
      return send(method, target, BodyPublishers.noBody());
    }

    void readsTexts() throws IOException, InterruptedException {
      assertThat(send("GET", "/hello").body()).asString().isEqualTo("hello\n");
      assertThat(send("GET", "/slow/20").body()).asString().isEqualTo("slow\n");
      HttpResponse<byte[]> head = send("HEAD", "/hello");
      assertThat(head.statusCode()).isEqualTo(200);
      assertThat(head.body()).isEmpty();
      assertThat(head.headers().firstValue("Content-Length")).hasValue("6");
      assertThat(head.headers().firstValue("Date")).isPresent();
    }

    void readsContent() throws IOException, InterruptedException {
      byte[] wanted = new byte[LONG];
      IntStream.range(0, LONG).forEach(i -> wanted[i] = HttpRoute.Bytes.at(i));
      for (String target : List.of("/bytes/" + LONG, "/bytes/" + LONG + "?chunked")) {
        assertThat(send("GET", target).body()).as(target).isEqualTo(wanted);
        assertThat(send("HEAD", target).body()).as(target).isEmpty();
      }
      HttpResponse<byte[]> file = send("GET", "/files/a.txt");
      assertThat(file.body()).asString().isEqualTo("some text\n");
      assertThat(file.headers().firstValue("Content-Type")).hasValue("text/plain; charset=utf-8");
      assertThat(send("HEAD", "/files/a.txt").headers().firstValue("Content-Length"))
          .hasValue("10");
    }

    void readsUploads() throws IOException, InterruptedException {
      String text = "some text";
      assertThat(send("POST", "/upper", BodyPublishers.ofString(text)).body())
          .asString()
          .isEqualTo("SOME TEXT");
      BodyPublisher chunked =
          BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(text.getBytes(UTF_8)));
      assertThat(send("POST", "/upper", chunked).body()).asString().isEqualTo("SOME TEXT");
      HttpRequest waits =
          request("/upper").expectContinue(true).POST(BodyPublishers.ofString(text)).build();
      assertThat(client.send(waits, BodyHandlers.ofString()).body()).isEqualTo("SOME TEXT");
      byte[] most = new byte[HttpRoute.SINK_LIMIT];
      HttpResponse<byte[]> sunk = send("PUT", "/sink", BodyPublishers.ofByteArray(most));
      assertThat(sunk.statusCode()).isEqualTo(204);
      assertThat(sunk.body()).isEmpty();
    }

    void readsRefusals() throws IOException, InterruptedException {
      byte[] tooLong = new byte[HttpRoute.SINK_LIMIT + 1];
      assertThat(send("PUT", "/sink", BodyPublishers.ofByteArray(tooLong)).statusCode())
          .isEqualTo(413);
      assertThat(send("PUT", "/deny", BodyPublishers.ofString("text")).statusCode()).isEqualTo(403);
      assertThat(send("GET", "/files/none").statusCode()).isEqualTo(404);
      HttpResponse<byte[]> wrongMethod = send("DELETE", "/hello");
      assertThat(wrongMethod.statusCode()).isEqualTo(405);
      assertThat(wrongMethod.headers().firstValue("Allow")).hasValue("GET, HEAD");
    }

    /** Closing the stream of lines cancels the response. */
    void readsEvents() throws IOException, InterruptedException {
      HttpResponse<Stream<String>> response =
          client.send(request("/ticker?ms=20").build(), BodyHandlers.ofLines());
      assertThat(response.headers().firstValue("Content-Type")).hasValue(HttpRoute.EVENT_STREAM);
      try (Stream<String> lines = response.body()) {
        assertThat(lines.limit(5)).containsExactly("data: 1", "", "data: 2", "", "data: 3");
      }
    }
  }
}
