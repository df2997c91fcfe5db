package iomodels.cli.commands;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.cli.Cli;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a server sends reaches neither the terminal nor a report as it is: it could move the cursor,
 * set the title, change the direction of the text, or be markup.
 */
@Timeout(120)
class HostileServerTest {

  /** A title, a cleared screen, a changed direction, markup, and the end of a comment. */
  private static final String HOSTILE =
      "\u001b]0;title\u0007\u001b[2J\u202e\u009b31m</pre><script>alert(1)</script>--> &\"' @|red"
          + " x|@";

  private static final List<String> RAW =
      List.of("\u001b", "\u0007", "\u202e", "\u009b", "\u0000", "\r", "<script>");

  @TempDir private Path folder;

  /** Serves every client with one answer, to whatever it sends. */
  private static final class Server implements AutoCloseable {

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

    Server(String greeting, String answer) throws IOException {
      Thread.ofVirtual()
          .start(
              () -> {
                while (!listener.isClosed()) {
                  try {
                    Socket client = listener.accept();
                    Thread.ofVirtual().start(() -> serve(client, greeting, answer));
                  } catch (IOException _) {
                    // The test is over.
                  }
                }
              });
    }

    private static void serve(Socket client, String greeting, String answer) {
      try (client) {
        client.getOutputStream().write(greeting.getBytes(UTF_8));
        while (client.getInputStream().read(new byte[8192]) > 0) {
          client.getOutputStream().write(answer.getBytes(UTF_8));
        }
      } catch (IOException _) {
        // The client has gone.
      }
    }

    String port() {
      return String.valueOf(listener.getLocalPort());
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }

  /** Runs conform with all kinds of reports, and demands that each is safe. */
  private Cli conform(String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of("conform", "--bound=PATIENCE=500"));
    all.addAll(List.of(arguments));
    for (String kind : List.of("json", "html", "junit", "badge")) {
      all.add("--%s=%s".formatted(kind, folder.resolve(kind)));
    }
    Cli cli = Cli.run(all.toArray(String[]::new));
    assertThat(cli.out()).isNotEmpty().doesNotContain(RAW.subList(0, RAW.size() - 1));
    assertThat(cli.err()).doesNotContain(RAW.subList(0, RAW.size() - 1));
    assertThat(report("json")).doesNotContain(RAW.subList(0, RAW.size() - 1));
    for (String kind : List.of("html", "junit", "badge")) {
      assertThat(report(kind)).isNotEmpty().doesNotContain(RAW);
    }
    for (String kind : List.of("junit", "badge")) {
      DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(folder.resolve(kind).toFile());
    }
    return cli;
  }

  private String report(String kind) throws IOException {
    return Files.readString(folder.resolve(kind));
  }

  @Test
  void repliesAreEscaped() throws Exception {
    try (Server server = new Server("", HOSTILE)) {
      Cli cli = conform("--target", server.port(), "--rule=1.02", "--rule=4.01");

      assertThat(cli.out()).contains("\\x1B]0;title\\x07");
      assertThat(cli.err()).contains("\\x1B]0;title\\x07");
      assertThat(report("html")).contains("\\x1B]0;title\\x07");
      assertThat(report("junit")).contains("\\x1B]0;title\\x07");
    }
  }

  @Test
  void aGreetingIsEscaped() throws Exception {
    try (Server server = new Server(HOSTILE + "\n", HOSTILE)) {
      assertThat(conform("--target", server.port(), "--rule=1").out()).contains("\\x1B]0;title");
    }
  }

  @Test
  void linesOfAServiceAreEscaped() throws Exception {
    try (Server server = new Server("", HOSTILE + "\n")) {
      Cli cli = conform("--target", server.port(), "--service=lines", "--rule=3.03", "--rule=4.05");

      assertThat(cli.exitCode()).isEqualTo(1);
    }
  }

  @Test
  void partsOfAnHttpResponseAreEscaped() throws Exception {
    String head = "HTTP/1.1 200 %1$s\r\nServer: %1$s\r\nContent-Length: %1$s\r\n\r\n%1$s";
    try (Server server = new Server("", head.formatted(HOSTILE))) {
      Cli cli =
          conform("--program=http", "--target", server.port(), "--rule=15.01", "--rule=15.07");

      assertThat(cli.exitCode()).isEqualTo(1);
    }
  }

  /** Its name is the command, and its last words are in the reason for which it was not judged. */
  @Test
  void standardErrorAndTheNameAreEscaped() throws Exception {
    Path words = Files.writeString(folder.resolve("words"), HOSTILE);
    String command = "cat %s >&2; exit 1 # {port} %s".formatted(words, HOSTILE);
    try (Server server = new Server("", HOSTILE)) {
      Cli cli = conform("--target", server.port(), "--exec", command, "--rule=1.01");

      assertThat(cli.err()).contains("␛]0;title");
      assertThat(report("html")).contains("␛]0;title");
    }
  }

  @Test
  void outputOfAClientIsEscaped() throws Exception {
    Path words = Files.writeString(folder.resolve("words"), HOSTILE);
    Cli cli = conform("--client", "cat %s; exit 1 # {port}".formatted(words), "--rule=10");

    assertThat(cli.exitCode()).isNotZero();
  }
}
