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

/** Tests servers that find many events at once, because SIGSTOP has suspended them for a while. */
@Timeout(120)
class FrozenServerTest {

  private static final int CLIENTS = 40;
  private static final int MEMBERS = 40;

  /** So many that each member is sent more than its outbox holds. */
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

  @Tag("thorough") // In a plain build rule 9.08 checks the models.
  @ParameterizedTest
  @MethodSource("providers")
  void aModelServesItsBacklogBeforeItStops(ServerProvider provider) throws Exception {
    try (ModelTarget target = new ModelTarget(provider, Optional.empty());
        Instance server = target.launchAlone(Services.UPPER)) {
      assertThat(answersAfterTheStop(server, "hello\n")).containsOnly("HELLO");
    }
  }

  @ParameterizedTest
  @CsvSource({"offload,ping,pong", "relay,hello,HELLO", "gather,all hello,ok HELLO"})
  void aProgramServesItsBacklogBeforeItStops(String name, String request, String answer)
      throws Exception {
    Program program = Programs.named(name).orElseThrow();
    try (Server upstream = new SelectorServer(ServerConfig.onLoopback(), Services.LINES);
        StyleTarget target = StyleTarget.toBeJudged(style(), program);
        Instance server = target.launch(ProgramConfig.onLoopback(List.of(upstream.address())))) {
      assertThat(answersAfterTheStop(server, request + "\n")).containsOnly(answer);
    }
  }

  @Test
  void aMemberThatReadsIsNotDropped() throws Exception {
    try (StyleTarget target = StyleTarget.toBeJudged(style(), Programs.CHAT);
        Instance server = target.launch(ProgramConfig.onLoopback(List.of()));
        ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Socket> members = new ArrayList<>();
      List<Future<Long>> received = new ArrayList<>();
      for (int i = 0; i < MEMBERS; i++) {
        Socket member = connect(server.address());
        members.add(member);
        send(member, "m" + i + "\n");
        BufferedReader reader = reader(member);
        assertThat(reader.readLine()).startsWith("* you are m" + i);
        received.add(
            readers.submit(
                () -> reader.lines().filter(it -> it.endsWith(LINE)).limit(OF_OTHERS).count()));
      }
      signal("STOP", server);
      for (Socket member : members) {
        send(member, (LINE + "\n").repeat(LINES));
      }
      signal("CONT", server);
      for (Future<Long> each : received) {
        assertThat(each.get(60, SECONDS)).isEqualTo(OF_OTHERS);
      }
      for (Socket member : members) {
        member.close();
      }
    }
  }

  /**
   * The answers to clients that connect, send a request and FIN while the server is suspended; it
   * is stopped before it resumes.
   */
  private static List<String> answersAfterTheStop(Instance server, String request)
      throws Exception {
    signal("STOP", server);
    List<Socket> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      Socket client = connect(server.address());
      send(client, request);
      client.shutdownOutput();
      clients.add(client);
    }
    server.stop();
    signal("CONT", server);
    List<String> answers = new ArrayList<>();
    for (Socket client : clients) {
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

  private static void send(Socket client, String text) throws IOException {
    client.getOutputStream().write(text.getBytes(US_ASCII));
  }

  private static BufferedReader reader(Socket client) throws IOException {
    return new BufferedReader(new InputStreamReader(client.getInputStream(), US_ASCII));
  }
}
