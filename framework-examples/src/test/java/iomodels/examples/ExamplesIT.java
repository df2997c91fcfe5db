package iomodels.examples;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.targets.ModelTarget;
import iomodels.service.Services;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples keep what is simple, and break what they are said to break. */
class ExamplesIT {

  private static final long SEED = 1;
  private static final List<String> KEPT = List.of("1.01", "1.02", "1.03", "2.03", "2.04", "4.02");

  /** Far more than the kernel holds for a client that does not read. */
  private static final int OWED = 24 << 20;

  private static final int SMALL_WINDOW = 16 * 1024;
  private static final int CHUNK = 64 * 1024;

  /** Nearly every one of them loses its reply; one is enough. */
  private static final int ATTEMPTS = 1_000;

  private static final int POLL_MILLIS = 10;

  @Test
  void namesAreFound() {
    assertThat(Examples.all())
        .allSatisfy(it -> assertThat(Examples.named(it.name())).contains(it))
        .allSatisfy(
            it -> assertThat(new Unlisted().named("example-" + it.name())).contains(it.provider()));
    assertThat(Examples.named("none")).isEmpty();
  }

  /** All are on their way before one is awaited. */
  @TestFactory
  Stream<DynamicTest> eachKeepsWhatIsSimpleAndBreaksWhatItLists() {
    List<DynamicTest> tests = new ArrayList<>();
    for (Example example : Examples.all()) {
      FutureTask<List<Finding>> judged = new FutureTask<>(() -> judge(example));
      Thread.ofVirtual().start(judged);
      tests.add(DynamicTest.dynamicTest(example.name(), () -> demand(judged.get())));
    }
    return tests.stream();
  }

  private static List<Finding> judge(Example example) throws Exception {
    List<String> tried = Stream.concat(KEPT.stream(), example.broken().stream()).toList();
    try (ModelTarget target = target(example)) {
      return new Kit(Rule.matching(tried), Bounds.STANDARD, SEED).judge(target, _ -> {}).findings();
    }
  }

  private static void demand(List<Finding> findings) {
    assertThat(findings)
        .hasSizeGreaterThan(KEPT.size())
        .allSatisfy(
            it ->
                assertThat(it.verdict())
                    .as(it.toString())
                    .isEqualTo(KEPT.contains(it.rule().id()) ? Verdict.KEPT : Verdict.BROKEN));
  }

  /** What waits to be written when the client's FIN is read is never sent. */
  @ParameterizedTest
  @ValueSource(strings = {"vertx", "netty"})
  @EnabledOnOs(OS.LINUX) // the server's side of the connection is looked up in /proc
  void atHalfCloseASlowReaderLosesWhatIsInFlight(String name) throws Exception {
    try (ModelTarget target = target(Examples.named(name).orElseThrow());
        SocketChannel client = SocketChannel.open()) {
      InetSocketAddress server = target.shared(Services.UPPER);
      client.setOption(StandardSocketOptions.SO_RCVBUF, SMALL_WINDOW);
      client.connect(server);
      // It reads on however much it owes, so that this ends without a byte being read here.
      ByteBuffer message = ByteBuffer.allocate(OWED);
      while (message.hasRemaining()) {
        client.write(message);
      }
      client.shutdownOutput();
      int port = ((InetSocketAddress) client.getLocalAddress()).getPort();
      while (isOpen(server.getPort(), port)) {
        Thread.sleep(POLL_MILLIS);
      }

      assertThat(received(client)).isPositive().isLessThan(OWED);
    }
  }

  /** A FIN that comes with the request overtakes the reply, however small. */
  @Test
  void reactorNettyLosesTheReplyWhenTheFinComesWithTheRequest() throws Exception {
    try (ModelTarget target = target(Examples.named("reactor-netty").orElseThrow())) {
      InetSocketAddress server = target.shared(Services.UPPER);
      boolean lost = false;
      for (int i = 0; i < ATTEMPTS && !lost; i++) {
        try (SocketChannel client = SocketChannel.open(server)) {
          client.write(ByteBuffer.wrap(new byte[] {'b', 'y', 'e'}));
          client.shutdownOutput();
          lost = received(client) == 0;
        }
      }

      assertThat(lost).isTrue();
    }
  }

  private static ModelTarget target(Example example) {
    return new ModelTarget(example.provider(), Optional.empty()).serving(Services.UPPER);
  }

  /** How much comes until the connection ends, be it by FIN or by RST. */
  private static long received(SocketChannel client) {
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    long received = 0;
    try {
      for (int n = client.read(buffer); n >= 0; n = client.read(buffer.clear())) {
        received += n;
      }
    } catch (IOException _) {
      // a reset: what has come until then counts
    }
    return received;
  }

  /** Whether the server's side of a connection is in ESTABLISHED or CLOSE_WAIT (proc(5)). */
  private static boolean isOpen(int serverPort, int clientPort) throws IOException {
    String open =
        "\\s*\\d+: \\p{XDigit}+:%04X \\p{XDigit}+:%04X (01|08) .*"
            .formatted(serverPort, clientPort);
    for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      Path file = Path.of(table);
      if (Files.exists(file)
          && Files.readAllLines(file).stream().anyMatch(it -> it.matches(open))) {
        return true;
      }
    }
    return false;
  }
}
