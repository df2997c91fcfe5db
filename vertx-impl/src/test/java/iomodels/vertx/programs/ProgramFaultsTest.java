package iomodels.vertx.programs;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.Server;
import iomodels.server.spi.StyleProvider;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Regression tests of the programs, over TCP. */
class ProgramFaultsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final InetAddress HOST = InetAddress.getLoopbackAddress();

  static Stream<StyleProvider> styles() {
    return Stream.of(new VertxStyle(), new RxJavaStyle());
  }

  @ParameterizedTest
  @MethodSource("styles")
  void aMemberThatResetsRightAfterItsNameLeavesTheRoom(StyleProvider style) throws Exception {
    try (Server chat = start(style, Programs.CHAT, ProgramConfig.onLoopback(List.of()));
        Socket member = connect(chat)) {
      say(member, "stays\n");
      BufferedReader heard = reader(member);
      assertEquals("* you are stays; here:", heard.readLine());
      for (int i = 0; i < 100; i++) {
        Socket ghost = connect(chat);
        say(ghost, "ghost%d\n".formatted(i));
        reset(ghost);
      }
      await(() -> here(chat).equals("* you are probe; here: stays"));
    }
  }

  private static String here(Server chat) throws IOException {
    try (Socket probe = connect(chat)) {
      say(probe, "probe\n");
      return String.valueOf(reader(probe).readLine());
    }
  }

  @ParameterizedTest
  @MethodSource("styles")
  void anAttemptToConnectIsCancelledAtTheDeadlineAndWithItsClient(StyleProvider style)
      throws Exception {
    try (ServerSocket full = new ServerSocket(0, 1, HOST)) {
      List<SocketChannel> waiting = fill(full);
      long before = synSentTo(full.getLocalPort());
      ProgramConfig config =
          ProgramConfig.onLoopback(List.of(new InetSocketAddress(HOST, full.getLocalPort())));
      try (Server gather = start(style, Programs.GATHER, config);
          Socket client = connect(gather)) {
        say(client, "all x\n");
        assertEquals("late", reader(client).readLine());
        await(() -> synSentTo(full.getLocalPort()) == before);
      }
      for (Program program : List.of(Programs.GATHER, Programs.RELAY)) {
        try (Server server = start(style, program, config.within(Duration.ofMinutes(5)))) {
          Socket client = connect(server);
          say(client, "all x\n");
          await(() -> synSentTo(full.getLocalPort()) > before);
          reset(client);
          await(() -> synSentTo(full.getLocalPort()) == before);
        }
      }
      for (SocketChannel each : waiting) {
        each.close();
      }
    }
  }

  /** Fills the accept backlog: the next connection attempt gets no answer. */
  private static List<SocketChannel> fill(ServerSocket full) throws Exception {
    List<SocketChannel> waiting = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      SocketChannel channel = SocketChannel.open();
      channel.configureBlocking(false);
      channel.connect(full.getLocalSocketAddress());
      waiting.add(channel);
    }
    await(() -> synSentTo(full.getLocalPort()) > 0);
    return waiting;
  }

  /**
   * Returns the number of sockets of this machine in the state SYN_SENT to that port; see proc(5).
   */
  private static long synSentTo(int port) throws IOException {
    String remote = ":%04X 02 ".formatted(port);
    long found = 0;
    for (Path table : List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"))) {
      if (Files.exists(table)) {
        found +=
            Files.readAllLines(table).stream()
                .filter(it -> it.toUpperCase(Locale.ROOT).contains(remote))
                .count();
      }
    }
    return found;
  }

  @ParameterizedTest
  @MethodSource("styles")
  void workIsCancelledWithItsClient(StyleProvider style, @TempDir Path folder) throws Exception {
    Process made = new ProcessBuilder("mkfifo", folder.resolve("pipe").toString()).start();
    assertEquals(0, made.waitFor());
    ProgramConfig config = ProgramConfig.onLoopback(List.of()).reading(folder);
    try (Server offload = start(style, Programs.OFFLOAD, config)) {
      for (int i = 0; i < 4; i++) {
        Socket leaves = connect(offload);
        say(leaves, "read pipe\n");
        reset(leaves);
      }
      await(() -> answer(offload, "hash 1 x\n").length() == 64);
    }
  }

  private static String answer(Server server, String line) throws IOException {
    try (Socket client = connect(server)) {
      client.setSoTimeout(5_000);
      say(client, line);
      return String.valueOf(reader(client).readLine());
    }
  }

  private static Server start(StyleProvider style, Program program, ProgramConfig config)
      throws IOException {
    return style.page(program).orElseThrow().starter().start(config);
  }

  private static Socket connect(Server server) throws IOException {
    Socket socket = new Socket();
    socket.connect(new InetSocketAddress(HOST, server.address().getPort()));
    socket.setSoTimeout((int) PATIENCE.toMillis());
    return socket;
  }

  private static void say(Socket socket, String line) throws IOException {
    socket.getOutputStream().write(line.getBytes(US_ASCII));
  }

  private static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  private static BufferedReader reader(Socket socket) throws IOException {
    return new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
  }

  /** A condition of the server or the kernel. */
  private interface Condition {
    boolean holds() throws Exception;
  }

  /** Polls without a pause: neither the server nor the kernel's socket table announces a change. */
  private static void await(Condition condition) throws Exception {
    long limit = System.nanoTime() + PATIENCE.toNanos();
    boolean holds = condition.holds();
    while (!holds && System.nanoTime() < limit) {
      Thread.onSpinWait();
      holds = condition.holds();
    }
    assertTrue(holds, "the condition was not met within " + PATIENCE);
  }
}
