package iomodels.cli.commands;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.server.spi.ServerProvider;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests servers with a heap that is too small for the pending replies, and the JVM flags of the
 * script. Either the server serves new clients and stops on demand, or it has exited with a
 * message.
 */
@Timeout(120)
class OutOfMemoryIT {

  private static final Path SCRIPT = Path.of("..", "iomodels");
  private static final Pattern FLAG = Pattern.compile("-X\\S+");
  private static final Pattern ANNOUNCED = Pattern.compile(".* at 127\\.0\\.0\\.1:(\\d+) .*");
  private static final Pattern SAID =
      Pattern.compile("OutOfMemoryError|memory is left|heap is full");
  private static final String ERRORS = "errors.txt";
  private static final byte[] MUCH = "9999999999\n".repeat(20).getBytes(US_ASCII);
  private static final int OUT_OF_MEMORY = 3;
  private static final int CROWD = 1_500;
  private static final int PATIENCE = 30_000;
  private static final String HUNGRY = "linux-poll";

  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  /** The test ends when the server exits: after seconds, or later on a busy machine. */
  private static final Duration LONG_STORM = Duration.ofSeconds(60);

  private static final Duration STORM = Duration.ofSeconds(8);

  /** Verifies that memory runs out: this model keeps unread replies on the heap. */
  @Test
  void aServerOutOfMemoryEndsWithALine() throws Exception {
    assumeThat(models()).contains(HUNGRY);
    assertThat(assertNotHalfDead(HUNGRY, LONG_STORM)).hasValue(OUT_OF_MEMORY);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nio-selector", "blocking-threads"})
  void aServerOutOfMemoryIsNeverHalfDead(String model) throws Exception {
    assertNotHalfDead(model, STORM);
  }

  @Tag("thorough")
  @ParameterizedTest
  @MethodSource("models")
  void noServerOutOfMemoryIsEverHalfDead(String model) throws Exception {
    assertNotHalfDead(model, STORM);
  }

  static Stream<String> models() {
    return ServerProvider.installed().stream()
        .filter(it -> it.availability().here())
        .map(it -> it.card().name());
  }

  /** The exit code of a server that exited; empty if it still served and stopped on demand. */
  private OptionalInt assertNotHalfDead(String model, Duration storm) throws Exception {
    Process server = serve(model);
    try (BufferedReader said = server.inputReader()) {
      Matcher announced = ANNOUNCED.matcher(String.valueOf(said.readLine()));
      assertThat(announced.matches()).isTrue();
      InetSocketAddress address =
          new InetSocketAddress(
              InetAddress.getLoopbackAddress(), Integer.parseInt(announced.group(1)));

      storm(address, server, storm);

      if (isServed(address, server)) {
        server.toHandle().destroy();
        assertThat(server.waitFor(PATIENCE, TimeUnit.MILLISECONDS)).as("it stops").isTrue();
        return OptionalInt.empty();
      } else {
        assertThat(server.waitFor(PATIENCE, TimeUnit.MILLISECONDS)).as("it has ended").isTrue();
        assertThat(server.exitValue()).isNotZero();
        assertThat(folder.resolve(ERRORS)).content().containsPattern(SAID);
        return OptionalInt.of(server.exitValue());
      }
    } finally {
      server.destroyForcibly();
    }
  }

  private Process serve(String model) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flagsOfTheScript());
    command.add("-Xmx32m");
    command.add("--module-path=" + System.getProperty("jdk.module.path"));
    command.add("--enable-native-access=io.netty.common,iomodels.linux");
    command.add("--module=iomodels.cli/iomodels.cli.Main");
    command.addAll(List.of("serve", model, "--service=flood", "--port=0"));
    return new ProcessBuilder(command).redirectError(folder.resolve(ERRORS).toFile()).start();
  }

  private static List<String> flagsOfTheScript() throws IOException {
    try (Stream<String> lines = Files.lines(SCRIPT)) {
      String exec = lines.filter(it -> it.startsWith("exec ")).findFirst().orElseThrow();
      return FLAG.matcher(exec)
          .results()
          .map(it -> it.group())
          .filter(it -> !it.contains("$"))
          .toList();
    }
  }

  /** Clients that request much and read nothing, until the time is up or the server exits. */
  private static void storm(InetSocketAddress server, Process process, Duration length)
      throws IOException, InterruptedException {
    List<SocketChannel> clients = new ArrayList<>();
    long end = System.nanoTime() + length.toNanos();
    try {
      while (process.isAlive() && clients.size() < CROWD && System.nanoTime() - end < 0) {
        SocketChannel client = SocketChannel.open();
        clients.add(client);
        ask(server, client);
      }
      process.waitFor(end - System.nanoTime(), TimeUnit.NANOSECONDS);
    } finally {
      for (SocketChannel client : clients) {
        client.close();
      }
    }
  }

  private static void ask(InetSocketAddress server, SocketChannel client) throws IOException {
    client.setOption(StandardSocketOptions.SO_RCVBUF, 2_048);
    try {
      client.socket().connect(server, 1_000);
      client.configureBlocking(false);
      client.write(ByteBuffer.wrap(MUCH));
    } catch (IOException _) {
      client.close(); // It collects garbage, and does not accept just now; or it is gone.
    }
  }

  private static boolean isServed(InetSocketAddress server, Process process)
      throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE);
    while (process.isAlive() && System.nanoTime() - end < 0) {
      try (SocketChannel client = SocketChannel.open()) {
        client.socket().connect(server, PATIENCE);
        client.socket().setSoTimeout(PATIENCE);
        client.socket().getOutputStream().write("1\n".getBytes(US_ASCII));
        if (client.socket().getInputStream().read() == 0) {
          return true;
        }
      } catch (IOException _) {
        process.waitFor(100, TimeUnit.MILLISECONDS);
      }
    }
    return false;
  }
}
