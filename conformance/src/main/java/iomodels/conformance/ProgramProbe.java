package iomodels.conformance;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.ProgramTarget;
import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Detects a program of others that plainly speaks another protocol than that of the program that it
 * is tested as. Many rules would then wait for {@link Bound#PATIENCE}. A program that answers
 * anything else is left to the rules.
 */
final class ProgramProbe {

  /** A first request to each program; a relay forwards it to its upstream, which sends it back. */
  private static final Map<Program, String> REQUESTS =
      Map.of(
          Programs.RELAY, "probe\n",
          Programs.GATHER, "all probe\n",
          Programs.CHAT, "probe\n",
          Programs.OFFLOAD, "ping\n",
          Programs.HTTP, "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

  /** The first bytes of a reply, which show its protocol. */
  private static final int SHOWS = 5;

  /** How responses begin; HTTP/0.9 has no status line. */
  private static final Set<String> HTTP = Set.of("HTTP/", "<HTML", "<!DOC");

  private ProgramProbe() {}

  /** Whether a run that tests this rule begins with a probe: the first rule of a program. */
  static boolean isBasic(Rule rule) {
    return rule.id().endsWith(".01");
  }

  /** Returns what the program does instead, with a remedy; empty if it may be what it is for. */
  static Optional<String> findMismatch(ProgramTarget program, Bounds bounds)
      throws IOException, InterruptedException {
    int patience = Math.toIntExact(bounds.time(Bound.PATIENCE).toMillis());
    try (ServerSocket upstream = new ServerSocket(0, 0, InetAddress.getLoopbackAddress())) {
      Thread.startVirtualThread(() -> echo(upstream));
      InetSocketAddress address = (InetSocketAddress) upstream.getLocalSocketAddress();
      try (Instance instance = program.launch(ProgramConfig.onLoopback(List.of(address)))) {
        return mismatch(program.program(), instance.address(), patience);
      }
    }
  }

  /** Sends back what comes, on each connection, until the socket is closed. */
  private static void echo(ServerSocket upstream) {
    try {
      while (true) {
        Socket socket = upstream.accept();
        Thread.startVirtualThread(() -> echo(socket));
      }
    } catch (IOException _) {
      // The probe has ended.
    }
  }

  private static void echo(Socket connection) {
    try (connection) {
      connection.getInputStream().transferTo(connection.getOutputStream());
    } catch (IOException _) {
      // The program has reset it.
    }
  }

  private static Optional<String> mismatch(Program program, InetSocketAddress address, int patience)
      throws IOException {
    String request = REQUESTS.getOrDefault(program, "probe\n");
    String reply;
    try (Socket socket = new Socket()) {
      socket.connect(address, patience);
      socket.setSoTimeout(patience);
      socket.getOutputStream().write(request.getBytes(ISO_8859_1));
      reply = new String(socket.getInputStream().readNBytes(SHOWS), ISO_8859_1);
    } catch (SocketTimeoutException | SocketException _) {
      return Optional.empty(); // It is silent, slow, refuses or resets: the rules tell.
    }
    return mismatch(program, request, reply);
  }

  private static Optional<String> mismatch(Program program, String request, String reply) {
    if (reply.isEmpty()) {
      return Optional.empty();
    }
    boolean speaksHttp = HTTP.contains(reply.toUpperCase(Locale.ROOT));
    if (program.equals(Programs.HTTP)) {
      return speaksHttp
          ? Optional.empty()
          : Optional.of(
              "it does not speak HTTP: it answers "
                  + Transcript.show(reply.getBytes(ISO_8859_1), 0, reply.length()));
    }
    if (speaksHttp) {
      return Optional.of("it speaks HTTP; try --program http");
    }
    if (program.equals(Programs.RELAY)) {
      return Optional.empty(); // Its upstream echoes.
    }
    if (request.startsWith(reply)) {
      return Optional.of("it echoes; try --service echo, without --program");
    }
    return request.toUpperCase(Locale.ROOT).startsWith(reply)
        ? Optional.of("it answers in upper case; try --service upper, without --program")
        : Optional.empty();
  }
}
