package iomodels.reactor.programs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import iomodels.netty.Transports;
import iomodels.program.ProgramConfig;
import iomodels.server.Server;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ReactorProgramsTest {

  private static final int MEMBERS = 100;
  private static final String SYN_SENT = "02";

  @Test
  void aMemberThatResetsRightAfterItsNameLeaves() throws IOException {
    try (Server chat = chat()) {
      for (int i = 0; i < 20; i++) {
        reset(connect(chat, "ghost"));
        awaitEmptyRoom(chat, "eve" + i);
      }
    }
  }

  @Test
  void allMembersResetWhileOneSpeaks() throws IOException {
    try (Server chat = chat();
        Socket speaker = connect(chat, "speaker")) {
      firstLine(speaker);
      List<Socket> members = new ArrayList<>();
      for (int i = 0; i < MEMBERS; i++) {
        members.add(connect(chat, "m" + i));
        firstLine(members.getLast());
      }
      speaker.getOutputStream().write("hello\n".repeat(20).getBytes(UTF_8));
      for (Socket member : members) {
        reset(member);
      }
      speaker.shutdownOutput();
      speaker.getInputStream().readAllBytes();
      awaitEmptyRoom(chat, "m0");
    }
  }

  private static Server chat() throws IOException {
    return ReactorNettyChat.start(ProgramConfig.onLoopback(List.of()), Transports.best());
  }

  /** Waits until the room is empty: the program detects a disconnect with a delay. */
  private static void awaitEmptyRoom(Server chat, String name) throws IOException {
    String line;
    do {
      try (Socket newcomer = connect(chat, name)) {
        line = firstLine(newcomer);
      }
    } while (!line.equals("* you are %s; here:".formatted(name)));
  }

  @Test
  void aReadIsCancelledWithItsClient(@TempDir Path folder) throws Exception {
    Path fifo = folder.resolve("fifo");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    ProgramConfig config = ProgramConfig.onLoopback(List.of()).reading(folder);
    Files.writeString(folder.resolve("file"), "text");
    try (Server offload = ReactorNettyOffload.start(config, Transports.best())) {
      for (int i = 0; i < config.workers() + config.queue(); i++) {
        reset(connect(offload, "read fifo"));
      }
      try (Socket client = connect(offload, "read file")) {
        assertEquals(64, answerOnceThereIsAPlace(client).length());
      }
    }
  }

  private static String answerOnceThereIsAPlace(Socket client) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(client.getInputStream(), UTF_8));
    String line = in.readLine();
    while (line.startsWith("error busy")) {
      client.getOutputStream().write("read file\n".getBytes(UTF_8));
      line = in.readLine();
    }
    return line;
  }

  @Test
  void aConnectionAttemptIsCancelledWithItsClient() throws Exception {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    List<SocketChannel> queued = new ArrayList<>();
    try (ServerSocket full = new ServerSocket(0, 1, loopback)) {
      InetSocketAddress backend = new InetSocketAddress(loopback, full.getLocalPort());
      for (int i = 0; i < 4; i++) { // Fills the backlog: the next connection waits.
        SocketChannel channel = SocketChannel.open();
        channel.configureBlocking(false);
        channel.connect(backend);
        queued.add(channel);
      }
      long waiting = connecting(backend.getPort());
      ProgramConfig config =
          ProgramConfig.onLoopback(List.of(backend)).within(Duration.ofSeconds(30));
      try (Server gather = ReactorNettyGather.start(config, Transports.best());
          Socket client = connect(gather, "all x")) {
        await(() -> connecting(backend.getPort()) == waiting + 1);
        reset(client);
        await(() -> connecting(backend.getPort()) == waiting);
      }
    } finally {
      for (SocketChannel channel : queued) {
        channel.close();
      }
    }
  }

  private interface Condition {
    boolean isTrue() throws IOException;
  }

  /** Polls until the timeout of the test: the kernel's socket table does not announce changes. */
  private static void await(Condition condition) throws Exception {
    while (!condition.isTrue()) {
      Thread.onSpinWait();
    }
  }

  /** Returns the number of connections to that port in the state SYN_SENT. */
  private static long connecting(int port) throws IOException {
    String remote = ":%04X".formatted(port);
    long count = 0;
    for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      if (Files.exists(Path.of(table))) {
        count +=
            Files.readAllLines(Path.of(table)).stream()
                .map(line -> line.trim().split("\\s+", -1))
                .filter(fields -> fields[2].endsWith(remote) && fields[3].equals(SYN_SENT))
                .count();
      }
    }
    return count;
  }

  private static Socket connect(Server server, String line) throws IOException {
    Socket socket = new Socket(server.address().getAddress(), server.address().getPort());
    socket.setSoTimeout(30_000);
    socket.getOutputStream().write((line + "\n").getBytes(UTF_8));
    return socket;
  }

  private static String firstLine(Socket socket) throws IOException {
    return new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8)).readLine();
  }

  private static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }
}
