package iomodels.cli.commands;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.cli.connect.PipeUser;
import iomodels.cli.output.ErrorReporter;
import iomodels.conformance.Bounds;
import iomodels.conformance.Kit;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.conformance.targets.InJvmClient;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintWriter;
import java.io.SequenceInputStream;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Locale;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

@Timeout(60)
class ConnectCommandTest {

  /** What the server does with its only client. */
  @FunctionalInterface
  private interface Conversing {
    void serve(Socket socket, InputStream in, OutputStream out) throws IOException;
  }

  private record Result(int exitCode, ByteArrayOutputStream out, String err) {
    String text() {
      return out.toString(UTF_8);
    }
  }

  private static final Conversing UPPER =
      (_, in, out) -> {
        byte[] buffer = new byte[8192];
        int count;
        while ((count = in.read(buffer)) > 0) {
          out.write(upper(buffer, count));
        }
      };

  private static byte[] upper(byte[] bytes, int count) {
    byte[] upper = new byte[count];
    for (int i = 0; i < count; i++) {
      upper[i] = (byte) (bytes[i] >= 'a' && bytes[i] <= 'z' ? bytes[i] - 0x20 : bytes[i]);
    }
    return upper;
  }

  private static Result connect(Conversing server, InputStream in, String... options)
      throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(
              () -> {
                try (Socket socket = listener.accept()) {
                  server.serve(socket, socket.getInputStream(), socket.getOutputStream());
                } catch (IOException _) {
                  // The client has gone.
                }
              });
      String[] arguments = new String[options.length + 2];
      arguments[0] = "127.0.0.1";
      arguments[1] = Integer.toString(listener.getLocalPort());
      System.arraycopy(options, 0, arguments, 2, options.length);
      return run(in, arguments);
    }
  }

  private static Result run(InputStream in, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    StringWriter err = new StringWriter();
    CommandLine command =
        new CommandLine(new ConnectCommand(raw -> new PipeUser(in, out, raw)))
            .setErr(new PrintWriter(err))
            .setExecutionExceptionHandler(ErrorReporter.HANDLER);
    int exitCode = command.execute(arguments);
    return new Result(exitCode, out, err.toString());
  }

  /** The client keeps the rules for clients, also with slow, faulty and missing servers. */
  @Test
  void keepsTheRulesOfClients() throws Exception {
    InJvmClient client =
        new InJvmClient(
            "connect",
            (port, in, out, err) ->
                new CommandLine(new ConnectCommand(raw -> new PipeUser(in, out, raw)))
                    .setErr(err)
                    .setExecutionExceptionHandler(ErrorReporter.HANDLER)
                    .execute(String.valueOf(port)));
    assertThat(new Kit(Rules.ofClients(), Bounds.STANDARD, 1).judge(client, _ -> {}).findings())
        .allSatisfy(it -> assertThat(it.verdict()).as(it.toString()).isEqualTo(Verdict.KEPT));
  }

  private static InputStream input(String text) {
    return new ByteArrayInputStream(text.getBytes(UTF_8));
  }

  /** Input that neither has data nor ends. */
  private static InputStream silence() throws IOException {
    return new PipedInputStream(new PipedOutputStream());
  }

  @Test
  void sendsALineAndShowsTheReply() throws Exception {
    Result result = connect(UPPER, input("hello wörld\n"));

    assertThat(result.text()).isEqualTo("HELLO WöRLD\n");
    assertThat(result.err()).isEmpty();
    assertThat(result.exitCode()).isZero();
  }

  @Test
  void sendsTheLinesOfAPipeInFullAndEndsTheLastOne() throws Exception {
    assertThat(connect(UPPER, input("  a b \r\n\n \t\nc")).text())
        .isEqualTo("  A B \r\n\n \t\nC\n");
  }

  @Test
  void aServerThatEndsWithoutAnAnswerIsReportedAfterTheEndOfInput() throws Exception {
    Result result =
        connect((_, in, _) -> in.transferTo(OutputStream.nullOutputStream()), input("hello\n"));

    assertThat(result.err()).startsWith("iomodels: the server closed the connection");
    assertThat(result.exitCode()).isEqualTo(1);
  }

  @Test
  void sendsRawInputAsItIs() throws Exception {
    assertThat(connect(UPPER, input("  a b \r\n\n \t\nc"), "--raw").text())
        .isEqualTo("  A B \r\n\n \t\nC");
  }

  @Test
  void showsEveryByteAsItComes() throws Exception {
    byte[] everything = new byte[256];
    for (int i = 0; i < everything.length; i++) {
      everything[i] = (byte) i;
    }
    Result result =
        connect(
            (_, in, out) -> {
              for (byte octet : everything) {
                out.write(octet);
              }
              out.write("wörld 世界\n".getBytes(UTF_8));
              in.transferTo(OutputStream.nullOutputStream());
            },
            input("x\n"));

    assertThat(result.out().toByteArray()).startsWith(everything);
    assertThat(result.text()).endsWith("wörld 世界\n");
    assertThat(result.exitCode()).isZero();
  }

  @Test
  void showsWhatComesAfterItsOwnEnd() throws Exception {
    Result result =
        connect(
            (_, in, out) -> {
              int count = in.readAllBytes().length;
              out.write("%d bytes, and then more\n".formatted(count).getBytes(UTF_8));
            },
            input("abc\n"));

    assertThat(result.text()).isEqualTo("4 bytes, and then more\n");
    assertThat(result.exitCode()).isZero();
  }

  @Test
  void tenMegabytesGoThrough() throws Exception {
    String line = "the quick brown fox jumps over the lazy dog, ünd so weiter\n";
    String lines = line.repeat(10_000_000 / line.length());

    Result result = connect(UPPER, input(lines));

    assertThat(result.text().equals(lines.toUpperCase(Locale.ROOT).replace('Ü', 'ü'))).isTrue();
    assertThat(result.exitCode()).isZero();
  }

  @Test
  void aSilentServerThatClosesIsReported() throws Exception {
    Result result =
        connect(
            (_, in, _) -> assertThat(in.readNBytes(6)).hasSize(6),
            new SequenceInputStream(input("hello\n"), silence()));

    assertThat(result.err())
        .startsWith("iomodels: the server closed the connection before it had answered everything");
    assertThat(result.exitCode()).isEqualTo(1);
  }

  @Test
  void aServerThatHasAnsweredAndClosesIsReportedAndNoError() throws Exception {
    Result result =
        connect(
            (_, in, out) -> out.write(upper(in.readNBytes(6), 6)),
            new SequenceInputStream(input("hello\n"), silence()));

    assertThat(result.text()).isEqualTo("HELLO\n");
    assertThat(result.err()).startsWith("iomodels: the server has closed the connection");
    assertThat(result.exitCode()).isZero();
  }

  @Test
  void aResetIsReported() throws Exception {
    Result result =
        connect(
            (socket, in, _) -> {
              assertThat(in.readNBytes(6)).hasSize(6);
              socket.setSoLinger(true, 0);
            },
            input("hello\n"));

    assertThat(result.err()).startsWith("iomodels: the server reset the connection");
    assertThat(result.exitCode()).isEqualTo(1);
  }

  @Test
  void aServerThatStopsListeningToALotIsReported() throws Exception {
    Result result =
        connect((_, in, _) -> in.readNBytes(100_000), input("hello, hello\n".repeat(1_000_000)));

    assertThat(result.err()).startsWith("iomodels: the server ");
    assertThat(result.exitCode()).isEqualTo(1);
  }

  @Test
  void nobodyThereIsReportedWithTheRemedy() throws Exception {
    int port;
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = listener.getLocalPort();
    }
    Result result = run(input("x\n"), "127.0.0.1", Integer.toString(port));

    assertThat(result.err())
        .isEqualToNormalizingNewlines(
            "iomodels: nothing listens at 127.0.0.1:%d; start a server with: iomodels serve nio-selector\n"
                .formatted(port));
    assertThat(result.exitCode()).isEqualTo(2);
  }

  @Test
  void anUnknownHostIsReported() {
    Result result = run(input("x\n"), "no-such-host.invalid");

    assertThat(result.err())
        .isEqualToNormalizingNewlines(
            "iomodels: there is no host no-such-host.invalid; check the name\n");
    assertThat(result.exitCode()).isEqualTo(2);
  }

  @Test
  void aPortOutOfRangeIsWrongUsage() {
    assertThat(run(input(""), "127.0.0.1", "0").exitCode()).isEqualTo(2);
    assertThat(run(input(""), "127.0.0.1", "65536").err())
        .contains("port 65536 is out of range; it is 1 to 65535");
    assertThat(run(input(""), "127.0.0.1", "http").exitCode()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"[::1]:%d", "[::1] %d", "::1 %d"})
  void anInet6AddressIsReadInEveryForm(String form) throws Exception {
    try (ServerSocket listener = listenerOnInet6()) {
      Thread.ofVirtual().start(() -> close(listener));
      String[] arguments = form.formatted(listener.getLocalPort()).split(" ");

      assertThat(run(input(""), arguments).exitCode()).isZero();
    }
  }

  private static ServerSocket listenerOnInet6() throws IOException {
    try {
      return new ServerSocket(0, 1, InetAddress.ofLiteral("::1"));
    } catch (SocketException e) {
      return Assumptions.abort("there is no IPv6 here: " + e.getMessage());
    }
  }

  /** Accepts one client and closes the connection. */
  private static void close(ServerSocket listener) {
    try {
      listener.accept().close();
    } catch (IOException _) {
      // The client has gone.
    }
  }
}
