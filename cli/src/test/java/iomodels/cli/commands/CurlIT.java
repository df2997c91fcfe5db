package iomodels.cli.commands;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iomodels.program.HttpRoute;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.Server;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The program http as a user tries it by hand: with curl. */
@Timeout(120)
class CurlIT {

  @TempDir private static Path folder;

  @BeforeAll
  static void files() throws Exception {
    boolean installed = new ProcessBuilder("sh", "-c", "command -v curl").start().waitFor() == 0;
    if (System.getenv("CI") == null) {
      assumeTrue(installed, "curl is not installed");
    }
    Files.createDirectory(folder.resolve("public"));
    Files.writeString(folder.resolve("public/a.txt"), "some text\n");
    Files.writeString(folder.resolve("secret"), "secret\n");
    Files.write(folder.resolve("large"), new byte[3 * HttpRoute.SINK_LIMIT]);
  }

  static Stream<StyleProvider> styles() {
    return StyleProvider.installed().stream();
  }

  @ParameterizedTest
  @MethodSource("styles")
  void everyRouteIsServed(StyleProvider style) throws Exception {
    ProgramConfig config =
        ProgramConfig.onLoopback(List.of())
            .within(ProgramConfig.HEAD_LIMIT)
            .reading(folder.resolve("public"));
    try (Server server = style.page(Programs.HTTP).orElseThrow().starter().start(config)) {
      String root = "http://127.0.0.1:%d".formatted(server.address().getPort());

      assertThat(curl("-i", root + "/hello"))
          .startsWith("HTTP/1.1 200 OK\r\n")
          .endsWith("\r\n\r\nhello\n");
      assertThat(curl("-I", root + "/hello"))
          .startsWith("HTTP/1.1 200 OK\r\n")
          .endsWith("\r\n\r\n");
      assertThat(curl(root + "/hello", root + "/slow/20", root + "/hello"))
          .isEqualTo("hello\nslow\nhello\n");
      assertThat(curl("--http1.0", root + "/bytes/3?chunked")).isEqualTo("\0\1\2");
      assertThat(curl("--data-binary", "some text", root + "/upper")).isEqualTo("SOME TEXT");
      assertThat(curl("-H", "Transfer-Encoding: chunked", "-d", "text", root + "/upper"))
          .isEqualTo("TEXT");
      assertThat(curl(root + "/files/a.txt")).isEqualTo("some text\n");
      assertThat(status("--path-as-is", root + "/files/../secret")).isEqualTo("404");
      assertThat(status("-T", folder.resolve("secret").toString(), root + "/sink"))
          .isEqualTo("204");
      assertThat(status("-T", folder.resolve("large").toString(), root + "/sink")).isEqualTo("413");
      assertThat(
              status(
                  "-H",
                  "Transfer-Encoding: chunked",
                  "-T",
                  folder.resolve("large").toString(),
                  root + "/sink"))
          .isEqualTo("413");
      assertThat(status("-T", folder.resolve("large").toString(), root + "/deny")).isEqualTo("403");
      assertThat(status("-X", "DELETE", root + "/hello")).isEqualTo("405");
      assertThat(curl("-N", "--max-time", "1", root + "/ticker?ms=20"))
          .startsWith("data: 1\n\ndata: 2\n\n");
    }
  }

  private static String status(String... arguments) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("-o", "/dev/null", "-w", "%{http_code}"));
    all.addAll(List.of(arguments));
    return curl(all.toArray(String[]::new));
  }

  private static String curl(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("curl", "-sS", "--max-time", "60"));
    command.addAll(List.of(arguments));
    Process curl =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try {
      String output = new String(curl.getInputStream().readAllBytes(), UTF_8);
      assertThat(curl.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return output;
    } finally {
      curl.destroyForcibly();
    }
  }
}
