package iomodels.conformance.targets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import iomodels.conformance.Bounds;
import iomodels.conformance.Finding;
import iomodels.conformance.Kit;
import iomodels.conformance.Rule;
import iomodels.conformance.Verdict;
import iomodels.conformance.rules.Rules;
import iomodels.process.ProcessMark;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.service.Services;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class CommandTargetTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final long POLL_NANOS = 5_000_000;

  /** Writes far more than a pipe holds before it listens, and with each client. */
  private static final String LOUD =
      """
      import socket, sys
      def speak():
          for stream in sys.stdout, sys.stderr:
              stream.write("x" * 79 + "\\n")
              for _ in range(5000):
                  stream.write("y" * 79 + "\\n")
              stream.flush()
      speak()
      listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
      while True:
          client, _ = listener.accept()
          speak()
          while data := client.recv(4096):
              client.sendall(data.upper())
          client.close()
      """;

  /** Ends with the client that sends an exclamation mark. */
  private static final String FRAGILE =
      """
      import socket, sys
      listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
      while True:
          client, _ = listener.accept()
          if data := client.recv(4096):
              if data == b"!":
                  raise RuntimeError("out of luck")
              client.sendall(data.upper())
          client.close()
      """;

  /** Ends with the exit code in its second argument if the port is in use. */
  private static final String REFUSING =
      """
      import socket, sys
      try:
          listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
      except OSError as e:
          print(e, file=sys.stderr)
          sys.exit(int(sys.argv[2]))
      while True:
          listener.accept()[0].close()
      """;

  /** The parent stops its worker by closing a pipe; a worker that gets SIGTERM exits with 9. */
  private static final String PREFORK =
      """
      import os, select, signal, socket, sys
      listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
      reading, writing = os.pipe()
      worker = os.fork()
      if worker == 0:
          os.close(writing)
          signal.signal(signal.SIGTERM, lambda *_: os._exit(9))
          client, _ = listener.accept()
          while not client.recv(1):
              client, _ = listener.accept()
          client.sendall(b"X")
          os.read(reading, 1)
          client.sendall(b"BYE")
          os._exit(0)
      os.close(reading)
      listener.close()
      signal.signal(signal.SIGTERM, lambda *_: os.close(writing))
      _, status = os.waitpid(worker, 0)
      os._exit(os.waitstatus_to_exitcode(status))
      """;

  /**
   * Fails to bind its port a second after a stranger has taken it. The stranger is a process that
   * the kit has not started, as far as it can tell; it ends by itself.
   */
  private static final String LATE =
      """
      import os, socket, sys, time
      port = int(sys.argv[1])
      stranger = '''
      import socket, sys, time
      listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
      listener.settimeout(0.1)
      end = time.monotonic() + 20
      while time.monotonic() < end:
          try:
              listener.accept()[0].close()
          except OSError:
              pass
      '''
      if os.fork() == 0:
          os.setsid()
          if os.fork() == 0:
              for stream in range(3):
                  os.dup2(os.open(os.devnull, os.O_RDWR), stream)
              os.execve(sys.executable, [sys.executable, "-c", stranger, str(port)], {})
          os._exit(0)
      os.wait()
      while True:
          try:
              socket.create_connection(("127.0.0.1", port)).close()
              break
          except OSError:
              time.sleep(0.01)
      time.sleep(1)
      socket.create_server(("127.0.0.1", port))
      """;

  @TempDir private Path folder;

  @BeforeEach
  void python() throws Exception {
    assumeThat(new ProcessBuilder("sh", "-c", "command -v python3").start().waitFor())
        .as("python3 is installed")
        .isZero();
  }

  private CommandTarget target(String script, String command) throws IOException {
    Path file = Files.writeString(folder.resolve("server.py"), script);
    return new CommandTarget(
        command.replace("SERVER", "python3 " + file), List.of(Services.UPPER), Optional.empty());
  }

  @Test
  void aServerThatWritesMuchIsNotBlocked() throws Exception {
    try (CommandTarget target = target(LOUD, "SERVER {port}");
        Instance server = target.launch(Services.UPPER, 0);
        Socket client = connect(server)) {
      client.getOutputStream().write('x');
      assertThat(client.getInputStream().read()).isEqualTo('X');
    }
  }

  @Test
  void aSharedServerThatHasEndedIsStartedAgain() throws Exception {
    try (CommandTarget target = target(FRAGILE, "exec SERVER {port}")) {
      InetSocketAddress first = target.shared(Services.UPPER);
      assertThat(target.shared(Services.UPPER)).isEqualTo(first);
      assertThat(target.crash(first, Duration.ZERO)).isEmpty();

      assertThat(answer(first, '!')).isEqualTo(-1);
      assertThat(target.crash(first, PATIENCE))
          .hasValueSatisfying(
              it ->
                  assertThat(it)
                      .startsWith("ended with exit code 1: ")
                      .endsWith("RuntimeError: out of luck"));

      InetSocketAddress second = target.shared(Services.UPPER);
      assertThat(second).isNotEqualTo(first);
      assertThat(answer(second, 'x')).isEqualTo('X');
      assertThat(target.crash(second, Duration.ZERO)).isEmpty();
      assertThat(target.crash(first, Duration.ZERO)).isPresent();
    }
  }

  private static int answer(InetSocketAddress server, int request) throws IOException {
    try (Socket client = new Socket(server.getAddress(), server.getPort())) {
      client.getOutputStream().write(request);
      return client.getInputStream().read();
    }
  }

  @Test
  void aServerThatCannotStartHasAnExitCode() throws Exception {
    List<Rule> rules = Rules.matching(List.of("9.05"));
    Kit kit = new Kit(rules, Bounds.STANDARD, 1);
    try (CommandTarget target = target(REFUSING, "SERVER {port} 1")) {
      assertThat(kit.judge(target, _ -> {}).findings())
          .extracting(Finding::verdict)
          .containsExactly(Verdict.KEPT);
    }
    try (CommandTarget target = target(REFUSING, "SERVER {port} 0")) {
      assertThat(kit.judge(target, _ -> {}).findings())
          .extracting(Finding::detail)
          .singleElement(STRING)
          .startsWith("expected an exit code other than 0, but it was 0, after ")
          .contains("in use");
    }
  }

  @Test
  void theParentOfWorkersStopsThem() throws Exception {
    for (String command : new String[] {"SERVER {port}", "exec SERVER {port}"}) {
      stopsItsWorker(command);
    }
  }

  private void stopsItsWorker(String command) throws Exception {
    try (CommandTarget target = target(PREFORK, command);
        Instance server = target.launch(Services.UPPER, 0);
        Socket client = connect(server)) {
      client.getOutputStream().write('x');
      assertThat(client.getInputStream().read()).isEqualTo('X');
      server.stop();
      assertThat(client.getInputStream().readAllBytes()).asString().isEqualTo("BYE");
      assertThat(server.awaitEnd(PATIENCE)).isTrue();
    }
  }

  @Test
  void aStrangerOnThePortIsNotTakenForTheServer() throws Exception {
    assumeThat(Listening.isKnown()).isTrue();
    try (CommandTarget target = target(LATE, "SERVER {port}")) {
      assertThatExceptionOfType(EndedAtStart.class)
          .isThrownBy(() -> target.launch(Services.UPPER, 0))
          .withMessageContaining("in use");
    }
    String command = "python3 %s {port} {upstreams}".formatted(folder.resolve("server.py"));
    try (var target = new ProgramCommandTarget(Programs.RELAY, command);
        ServerSocket upstream = new ServerSocket(0)) {
      ProgramConfig config =
          ProgramConfig.onLoopback(List.of((InetSocketAddress) upstream.getLocalSocketAddress()));
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> target.launch(config))
          .withMessageContaining("in use");
    }
  }

  @Test
  void aDaemonIsReportedAndEnded() throws Exception {
    assumeThat(Files.exists(Path.of("/proc/self/environ"))).isTrue();
    try (CommandTarget target = target(LOUD, "SERVER {port} & echo $! >%s/pid".formatted(folder))) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> target.launch(Services.UPPER, 0))
          .withMessageContaining("left processes behind")
          .withMessageContaining("it must stay in the foreground");
    }
    long pid = Long.parseLong(Files.readString(folder.resolve("pid")).strip());
    assertThat(ProcessHandle.of(pid).stream().allMatch(CommandTargetTest::ends)).isTrue();
  }

  /** Waits for the end of a process that has been killed: the signal may take a while. */
  private static boolean ends(ProcessHandle process) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!ProcessMark.hasEnded(process) && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(POLL_NANOS);
    }
    return ProcessMark.hasEnded(process);
  }

  private static Socket connect(Instance server) throws IOException {
    InetSocketAddress address = server.address();
    return new Socket(address.getAddress(), address.getPort());
  }
}
