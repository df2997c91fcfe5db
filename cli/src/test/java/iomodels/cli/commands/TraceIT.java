package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.cli.Cli;
import iomodels.cli.output.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tests that a trace shows what a model does, not how long it takes. */
@EnabledOnOs(OS.LINUX)
class TraceIT {

  /** On a busy machine a server may wait long for a processor. */
  private static final String PATIENCE = "--limit=90";

  private static final boolean CI = Boolean.parseBoolean(System.getenv("CI"));

  @TempDir private Path folder;

  /** A line of the file. */
  private record Call(String thread, JsonNode row) {

    long start() {
      return row.get(0).asLong();
    }

    long waited() {
      return row.get(2).asLong();
    }

    String name() {
      return row.get(3).asString();
    }

    String kind() {
      return row.get(6).asString();
    }

    String client() {
      return row.get(7).asString();
    }

    long times() {
      return row.get(8).asLong();
    }

    boolean isName(String... names) {
      return Stream.of(name().split(", ")).allMatch(List.of(names)::contains);
    }
  }

  @BeforeAll
  static void thereIsStrace() throws InterruptedException {
    boolean there = isThere("strace");
    if (CI) {
      assertThat(there).as("strace is installed").isTrue();
    }
    assumeThat(there).as("strace is installed").isTrue();
  }

  private static boolean isThere(String tool) throws InterruptedException {
    try {
      return new ProcessBuilder("sh", "-c", "command -v " + tool).start().waitFor() == 0;
    } catch (IOException _) {
      return false;
    }
  }

  private JsonNode trace(int exitCode, String name, String... arguments) throws IOException {
    Path file = folder.resolve(name + ".trace.json");
    Cli cli =
        Cli.run(
            Stream.of(
                    Stream.of("trace", PATIENCE),
                    Stream.of(arguments),
                    Stream.of("--output", folder.toString()))
                .flatMap(it -> it)
                .toArray(String[]::new));
    if (!CI) { // There a test that is left out would go unnoticed.
      assumeThat(cli.err()).as("strace may trace").doesNotContain("may not trace here");
    }

    assertThat(cli.err()).isEmpty();
    assertThat(cli.out()).contains(name + ", ", file.toString(), "WAITED IN", "iomodels study");
    assertThat(cli.exitCode()).isEqualTo(exitCode);
    // Calls are folded, which limits the size; the clients' events are not, and vary.
    assertThat(Files.size(file)).isLessThan(1_000_000);
    JsonNode trace = JsonMapper.shared().readTree(Files.readString(file));
    assertThat(trace.get("format").asInt()).isEqualTo(1);
    assertThat(trace.get("server").asString()).isEqualTo(name);
    assertThat(trace.get("clients"))
        .extracting(it -> it.get("name").asString())
        .containsExactly("A", "B", "C");
    return trace;
  }

  private JsonNode whole(String model) throws IOException {
    JsonNode trace = trace(ExitCode.OK, model, model);
    assertThat(trace.get("note").asString()).isEmpty();
    assertThat(trace.get("complete").asBoolean()).isTrue();
    for (JsonNode client : trace.get("clients")) {
      assertThat(bytes(client, "receive"))
          .as(client.get("name").asString())
          .isEqualTo(bytes(client, "send"));
    }
    return trace;
  }

  private static long bytes(JsonNode client, String kind) {
    return client
        .get("events")
        .valueStream()
        .filter(it -> it.get(1).asString().equals(kind))
        .mapToLong(it -> it.get(2).asLong())
        .sum();
  }

  private static List<Call> calls(JsonNode trace) {
    return trace
        .get("threads")
        .valueStream()
        .flatMap(
            thread ->
                thread
                    .get("calls")
                    .valueStream()
                    .map(row -> new Call(thread.get("name").asString(), row)))
        .toList();
  }

  private static Stream<Call> copies(List<Call> calls, String client) {
    return calls.stream().filter(it -> it.kind().equals("copy") && it.client().equals(client));
  }

  @Test
  void anEpollServerWaitsInOneCallAndCopiesForAll() throws IOException {
    List<Call> calls = calls(whole("linux-epoll"));

    assertThat(calls).extracting(Call::thread).containsOnly("linux-epoll-loop");
    assertThat(calls)
        .filteredOn(it -> it.waited() > 0 && !it.kind().equals("park"))
        .isNotEmpty()
        .allMatch(it -> it.name().contains("epoll_wait"));
    for (String client : List.of("A", "B", "C")) {
      assertThat(copies(calls, client)).as(client).isNotEmpty();
    }
  }

  @Test
  void eachBlockingThreadWaitsForItsOwnClient() throws IOException {
    List<Call> calls = calls(whole("blocking-threads"));

    List<String> threads =
        Stream.of("A", "B", "C")
            .flatMap(client -> copies(calls, client).map(Call::thread).distinct())
            .toList();
    assertThat(threads).hasSize(3).doesNotHaveDuplicates();
    assertThat(calls)
        .filteredOn(it -> threads.contains(it.thread()) && !it.client().isEmpty())
        .anyMatch(it -> it.name().equals("read") && it.waited() > 0);
    assertThat(calls).extracting(Call::name).contains("accept");
  }

  @Test
  void aPollingServerAsksInVainAndWaitsNowhere() throws IOException {
    List<Call> calls = calls(whole("nio-polling"));

    assertThat(calls)
        .filteredOn(it -> it.kind().equals("ask"))
        .anyMatch(it -> it.times() > 1)
        .allMatch(it -> it.isName("accept", "accept4", "read", "write", "recvfrom"));
    assertThat(calls).filteredOn(it -> !it.kind().equals("park")).allMatch(it -> it.waited() == 0);
  }

  @Test
  void aSequentialServerLooksAtOneClientAfterTheOther() throws IOException {
    List<Call> calls = calls(whole("blocking-sequential"));

    long leave =
        calls.stream()
            .filter(it -> it.client().equals("A"))
            .mapToLong(Call::start)
            .max()
            .orElseThrow();
    assertThat(calls)
        .filteredOn(it -> it.client().equals("B"))
        .isNotEmpty()
        .allMatch(it -> it.start() >= leave);
  }

  @Test
  void aServerThatDiesLeavesATraceThatSaysSo() throws Exception {
    assumeThat(isThere("python3")).as("Python 3 is installed").isTrue();
    Path server = folder.resolve("dies.py");
    Files.writeString(
        server,
        """
        import os, socket, sys, threading

        def converse(peer):
            while data := peer.recv(65536):
                if b"c" in data:
                    os._exit(1)
                peer.sendall(data.upper())
            peer.close()

        listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
        while True:
            threading.Thread(target=converse, args=(listener.accept()[0],)).start()
        """);
    JsonNode trace =
        trace(
            ExitCode.NO,
            "dies-at-c",
            "--exec",
            "exec python3 " + server + " {port}",
            "--name=dies-at-c");

    assertThat(trace.get("complete").asBoolean()).isFalse();
    assertThat(trace.get("note").asString()).contains("server ended");
    assertThat(copies(calls(trace), "C")).isNotEmpty();
  }
}
