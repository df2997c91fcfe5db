package iomodels.blocking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iomodels.conformance.targets.ModelTarget;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.service.Responder;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.service.Session;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the parent process, and the end of processes. */
@Timeout(120)
class PreforkServerTest {

  private static final ServerConfig CONFIG = ServerConfig.onLoopback();

  /** An address that no other test uses: no other process takes its port once it is free. */
  private static final ServerConfig OWN_ADDRESS =
      ServerConfig.at(new InetSocketAddress("127.0.13.3", 0));

  /** So many that each worker has some; the probability that one has none is about 2^-39. */
  private static final int CLIENTS = 40;

  @Test
  void onlyTheClientsOfAKilledWorkerLoseTheirConnections() throws Exception {
    List<Socket> clients = new ArrayList<>();
    try (PreforkServer server = new PreforkServer(CONFIG, Services.UPPER)) {
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(connect(server));
        assertThat(ask(clients.getLast(), 'a')).isEqualTo('A');
      }
      List<ProcessHandle> workers = server.workers();
      ProcessHandle victim = workers.getFirst();
      assertThat(victim.destroyForcibly()).isTrue();

      // A client may connect before the kernel has removed the killed worker's listener.
      await(() -> isServed(server));
      await(() -> !victim.isAlive());
      List<Integer> answers = clients.stream().map(it -> askOrEnd(it, 'b')).toList();
      assertThat(answers).containsOnly((int) 'B', -1).contains((int) 'B', -1);
      await(() -> server.workers().size() == workers.size());
      assertThat(server.workers()).doesNotContain(victim);
      assertThat(isServed(server)).isTrue();
      assertThat(server.terminated()).isNotDone();
    } finally {
      for (Socket client : clients) {
        client.close();
      }
    }
  }

  @Test
  void workersDoNotOutliveTheirParent() throws Exception {
    List<ProcessHandle> workers;
    try (ModelTarget target = new ModelTarget(new PreforkProvider(), Optional.empty())) {
      ProcessHandle parent = target.process();
      workers = parent.descendants().toList();
      assertThat(workers).isNotEmpty();
      assertThat(parent.destroyForcibly()).isTrue();
      await(() -> !parent.isAlive());
      await(() -> workers.stream().noneMatch(ProcessHandle::isAlive));
    }
  }

  @Test
  void failsIfNoWorkerCanBeStarted(@TempDir Path folder) throws Exception {
    Path permit = Files.createFile(folder.resolve("permit"));
    try (PreforkServer server = new PreforkServer(OWN_ADDRESS, Services.UPPER, permitted(permit))) {
      Files.delete(permit);
      List<ProcessHandle> workers = server.workers();
      workers.forEach(ProcessHandle::destroyForcibly);

      assertThatThrownBy(() -> server.terminated().join())
          .isInstanceOf(CompletionException.class)
          .hasMessageContaining("workers cannot be started");
      assertThat(workers).noneMatch(ProcessHandle::isAlive);
      assertThatThrownBy(() -> connect(server).close()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void keepsTryingWhileAnotherWorkerServes(@TempDir Path folder) throws Exception {
    Path permit = Files.createFile(folder.resolve("permit"));
    Path tries = folder.resolve("tries");
    try (PreforkServer server = new PreforkServer(CONFIG, Services.UPPER, permitted(permit))) {
      int complete = server.workers().size();
      Files.delete(permit);
      assertThat(server.workers().getFirst().destroyForcibly()).isTrue();
      await(() -> linesIn(tries) >= complete + 4); // More often than if no worker served.

      assertThat(server.terminated()).isNotDone();
      assertThat(isServed(server)).isTrue();
      Files.createFile(permit);
      await(() -> server.workers().stream().filter(ProcessHandle::isAlive).count() == complete);
      await(() -> isServed(server));
    }
  }

  /** A command that starts a worker if the file exists, and records each attempt beside it. */
  private static List<String> permitted(Path permit) {
    List<String> command = new ArrayList<>();
    String script = "echo try >> \"${0%/*}/tries\"; test -e \"$0\" && exec \"$@\"";
    command.addAll(List.of("/bin/sh", "-c", script, permit.toString()));
    command.addAll(PreforkServer.java());
    return command;
  }

  private static long linesIn(Path file) {
    try {
      return Files.readAllLines(file).size();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void readsAllOutputOfAWorker(@TempDir Path folder) throws Exception {
    Path done = folder.resolve("done");
    List<String> command = new ArrayList<>();
    // More than a pipe can hold, before and after the worker listens.
    String script =
        "head -c 100000 /dev/zero | tr '\\0' '\\n'; "
            + "(head -c 1000000 /dev/zero | tr '\\0' '\\n'; echo yes >> \"$0\") & exec \"$@\"";
    command.addAll(List.of("/bin/sh", "-c", script, done.toString()));
    command.addAll(PreforkServer.java());
    try (PreforkServer server = new PreforkServer(CONFIG, Services.UPPER, command)) {
      int workers = server.workers().size();
      await(() -> Files.exists(done) && linesIn(done) == workers);
      assertThat(isServed(server)).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-XX:+UseParallelGC -Xlog:gc", "-XX:+UseG1GC -Xlog:gc*:stdout"})
  void optionsFromTheEnvironmentDoNotConflict(String options) throws Exception {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("/usr/bin/env", "JAVA_TOOL_OPTIONS=" + options));
    command.addAll(PreforkServer.java(Map.of("JAVA_TOOL_OPTIONS", options)));
    try (PreforkServer server = new PreforkServer(CONFIG, Services.UPPER, command)) {
      assertThat(isServed(server)).isTrue();
    }
  }

  @Test
  void workersEndWhenTheirHeapRunsOut() {
    assertThat(PreforkServer.java()).contains("-XX:+ExitOnOutOfMemoryError");
  }

  @Test
  void doesNotJoinTheWorkersOfAnotherServer() throws Exception {
    try (Server first = new PreforkServer(CONFIG, Services.UPPER)) {
      ServerConfig same = ServerConfig.at(first.address());
      assertThatThrownBy(() -> new PreforkServer(same, Services.UPPER).close())
          .isInstanceOf(BindException.class);
    }
  }

  @Test
  void refusesAServiceThatCannotBeFoundByName() {
    Service unknown =
        new Service() {
          @Override
          public String name() {
            return "unlisted";
          }

          @Override
          public Session open() {
            return Services.UPPER.open();
          }

          @Override
          public Optional<Responder> datagrams() {
            return Optional.empty();
          }
        };
    assertThatThrownBy(() -> new PreforkServer(CONFIG, unknown).close())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("unlisted cannot run in another process");
  }

  /** Waits for a condition; fails after a minute. */
  private static void await(BooleanSupplier condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private static Socket connect(Server server) throws IOException {
    Socket client = new Socket(server.address().getAddress(), server.address().getPort());
    client.setSoTimeout(30_000);
    return client;
  }

  private static boolean isServed(Server server) {
    try (Socket client = connect(server)) {
      return ask(client, 'x') == 'X';
    } catch (IOException _) {
      return false;
    }
  }

  private static int askOrEnd(Socket client, int octet) {
    try {
      return ask(client, octet);
    } catch (IOException _) {
      return -1; // A reset also ends the connection.
    }
  }

  private static int ask(Socket client, int octet) throws IOException {
    client.getOutputStream().write(octet);
    return client.getInputStream().read();
  }
}
