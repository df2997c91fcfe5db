package iomodels.nio;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.targets.Instance;
import iomodels.conformance.targets.ModelTarget;
import iomodels.conformance.targets.StyleTarget;
import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import iomodels.service.Services;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What happens while a process is stopped by SIGSTOP is all there at once when it goes on. */
@Timeout(120)
class FrozenServerTest {

  private static final int CROWD = 40;
  private static final int MEMBERS = 40;

  /** More, told to each member, than its outbox holds. */
  private static final int LINES = 40;

  private static final long OF_OTHERS = (MEMBERS - 1) * LINES;
  private static final String LINE = "x".repeat(100);
  private static final Duration END = Duration.ofSeconds(30);

  static List<ServerProvider> providers() {
    return ServerProvider.installed();
  }

  private static StyleProvider style() {
    return StyleProvider.named(SelectorServer.NAME).orElseThrow();
  }

  @Tag("thorough") // Rule 9.08 shows it of the models in a plain build.
  @ParameterizedTest
  @MethodSource("providers")
  void modelThatStopsServesThoseInTheBacklogFirst(ServerProvider provider) throws Exception {
    try (ModelTarget target = new ModelTarget(provider, Optional.empty());
        Instance server = target.launch(Services.UPPER, 0)) {
      assertThat(answersAfterTheStop(server, "hello\n")).containsOnly("HELLO");
    }
  }

  @ParameterizedTest
  @CsvSource({"offload,ping,pong", "relay,hello,HELLO", "gather,all hello,ok HELLO"})
  void programThatStopsServesThoseInTheBacklogFirst(String name, String request, String answer)
      throws Exception {
    Program program = Programs.named(name).orElseThrow();
    try (Server upstream = new SelectorServer(ServerConfig.onLoopback(), Services.LINES);
        StyleTarget target = StyleTarget.toBeJudged(style(), program);
        Instance server = target.launch(ProgramConfig.onLoopback(List.of(upstream.address())))) {
      assertThat(answersAfterTheStop(server, request + "\n")).containsOnly(answer);
    }
  }

  @Test
  void memberThatReadsStaysInTheRoom() throws Exception {
    try (StyleTarget target = StyleTarget.toBeJudged(style(), Programs.CHAT);
        Instance server = target.launch(ProgramConfig.onLoopback(List.of()));
        ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Socket> members = new ArrayList<>();
      List<Future<Long>> heard = new ArrayList<>();
      for (int i = 0; i < MEMBERS; i++) {
        Socket member = connect(server.address());
        members.add(member);
        say(member, "m" + i + "\n");
        BufferedReader reader = reader(member);
        assertThat(reader.readLine()).startsWith("* you are m" + i);
        heard.add(
            readers.submit(
                () -> reader.lines().filter(it -> it.endsWith(LINE)).limit(OF_OTHERS).count()));
      }
      signal("STOP", server);
      for (Socket member : members) {
        say(member, (LINE + "\n").repeat(LINES));
      }
      signal("CONT", server);
      for (Future<Long> each : heard) {
        assertThat(each.get(60, SECONDS)).isEqualTo(OF_OTHERS);
      }
      for (Socket member : members) {
        member.close();
      }
    }
  }

  /**
   * Of clients that connect, ask and finish sending while the server is frozen, and then stopped.
   */
  private static List<String> answersAfterTheStop(Instance server, String request)
      throws Exception {
    signal("STOP", server);
    List<Socket> crowd = new ArrayList<>();
    for (int i = 0; i < CROWD; i++) {
      Socket client = connect(server.address());
      say(client, request);
      client.shutdownOutput();
      crowd.add(client);
    }
    server.stop();
    signal("CONT", server);
    List<String> answers = new ArrayList<>();
    for (Socket client : crowd) {
      try (client) {
        answers.add(String.valueOf(reader(client).readLine()));
      } catch (IOException e) {
        answers.add(e.toString());
      }
    }
    assertThat(server.awaitEnd(END)).isTrue();
    return answers;
  }

  private static void signal(String name, Instance server) throws Exception {
    String pid = String.valueOf(server.process().orElseThrow().pid());
    assertThat(new ProcessBuilder("kill", "-" + name, pid).start().waitFor()).isZero();
  }

  private static Socket connect(InetSocketAddress address) throws IOException {
    Socket client = new Socket(address.getAddress(), address.getPort());
    client.setSoTimeout(30_000);
    return client;
  }

  private static void say(Socket client, String text) throws IOException {
    client.getOutputStream().write(text.getBytes(US_ASCII));
  }

  private static BufferedReader reader(Socket client) throws IOException {
    return new BufferedReader(new InputStreamReader(client.getInputStream(), US_ASCII));
  }
}
