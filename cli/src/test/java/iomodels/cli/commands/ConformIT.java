package iomodels.cli.commands;

import static java.util.concurrent.CompletableFuture.supplyAsync;
import static java.util.function.Function.identity;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.cli.Cli;
import iomodels.conformance.Rule;
import iomodels.conformance.rules.Rules;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.Transport;
import iomodels.server.spi.Availability;
import iomodels.server.spi.ServerProvider;
import iomodels.server.spi.StyleProvider;
import iomodels.service.Service;
import iomodels.service.Services;
import iomodels.wrong.WrongServers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tests that {@code conform} judges every kind of subject, and its exit codes. */
class ConformIT {

  private static final String PYTHON_SERVER =
      """
      import socketserver, sys
      class Upper(socketserver.BaseRequestHandler):
          def handle(self):
              while data := self.request.recv(65536):
                  self.request.sendall(data.upper())
      class Server(socketserver.ThreadingTCPServer):
          allow_reuse_address = True
          daemon_threads = True
          request_queue_size = 128
      Server(("127.0.0.1", int(sys.argv[1])), Upper).serve_forever()
      """;

  /** The echo server of asyncio's documentation, but for a whole conversation. */
  private static final String PYTHON_ECHO =
      """
      import asyncio, sys
      async def echo(reader, writer):
          while data := await reader.read(65536):
              writer.write(data)
              await writer.drain()
          writer.close()
          await writer.wait_closed()
      async def main():
          server = await asyncio.start_server(echo, "127.0.0.1", int(sys.argv[1]))
          async with server:
              await server.serve_forever()
      asyncio.run(main())
      """;

  /** Servers of several services, which a second argument names. */
  private static final String PYTHON_SERVICES =
      """
      import socket, sys, threading
      def converse(client, service):
          while data := client.recv(65536):
              if service == "flood":
                  for count in data.split():
                      client.sendall(bytes(i % 251 for i in range(int(count))))
              elif service == "fixed":
                  client.sendall(b"dddddd")
              else:
                  client.sendall(data.upper())
          client.close()
      with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
          while True:
              threading.Thread(target=converse, args=(listener.accept()[0], sys.argv[2])).start()
      """;

  /** A relay that closes a connection normally where it has to reset it. */
  private static final String PYTHON_RELAY =
      """
      import socket, sys, threading
      def carry(a, b):
          while data := a.recv(65536):
              b.sendall(data)
          b.shutdown(socket.SHUT_WR)
      with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
          while True:
              client, _ = listener.accept()
              try:
                  upstream = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
              except OSError:
                  client.close()
                  continue
              for pair in (client, upstream), (upstream, client):
                  threading.Thread(target=carry, args=pair, daemon=True).start()
      """;

  @Test
  void aModelConforms() {
    Cli cli = Cli.run("conform", "nio-selector", "--rule", "1", "--rule", "4.01");

    assertThat(cli.out()).contains("6 kept, 0 broken", "it conforms, 6 of 69 rules tried");
    assertThat(cli.exitCode()).isZero();
  }

  /** The end of the line of the verdict. */
  private static String tried(int tried, List<Rule> rules) {
    return ", %d of %d rules tried\n".formatted(tried, rules.size());
  }

  @Test
  void theReportNamesTheTransportThatRan() {
    ServerProvider model = ServerProvider.named("vertx").orElseThrow();
    Transport best =
        Stream.of(Transport.EPOLL, Transport.NIO)
            .filter(it -> model.transports().getOrDefault(it, Availability.no("")).here())
            .findFirst()
            .orElseThrow();

    assertThat(Cli.run("conform", "vertx", "--rule", "1.01").out())
        .contains("vertx on " + best + ": it conforms" + tried(1, Rules.all()) + "1 kept");
    assertThat(Cli.run("conform", "vertx", "--transport", "nio", "--rule", "1.01").out())
        .contains("vertx on nio: it conforms" + tried(1, Rules.all()) + "1 kept");
  }

  @Test
  void aWrongServerThatRunsAlreadyDoesNot() throws IOException {
    String name =
        WrongServers.all().stream()
            .filter(it -> it.rule().equals("1.01"))
            .findFirst()
            .orElseThrow()
            .name();
    try (Server server =
        WrongServers.named(name)
            .orElseThrow()
            .provider()
            .start(ServerConfig.onLoopback(), Services.UPPER)) {
      String port = String.valueOf(server.address().getPort());
      Cli cli = Cli.run("conform", "--target", port, "--rule", "1.01", "--json", "-");

      assertThat(cli.out()).contains("\"BROKEN\"", "expected", "transcript");
      assertThat(cli.exitCode()).isEqualTo(1);
    }
  }

  @Test
  void aWrongServerIsJudgedByTheRuleThatItBreaks() {
    Cli cli = Cli.run("conform", "--wrong", "closes-with-input-unread", "--seed", "7");

    assertThat(cli.out())
        .contains("broken   4.05", "got Connection reset", "UTC, seed 7\n")
        .contains("\n          why: Closing a socket that has unread input sends RST")
        .contains("again: ./iomodels conform --wrong closes-with-input-unread --rule 4.05 --seed 7")
        .startsWith(
            "closes-with-input-unread: it does not conform"
                + tried(1, Rules.all())
                + "0 kept, 1 broken, 0 skipped, 0 inconclusive, 0 errors\n");
    assertThat(cli.err()).startsWith("broken   4.05 ").contains("got Connection reset");
    assertThat(cli.exitCode()).isEqualTo(1);
  }

  @Test
  void aWrongServerIsJudgedByTheRulesThatAreNamedInstead() {
    Cli cli = Cli.run("conform", "--wrong=banner", "--rule=1.04", "--rule=2.07", "--rule=9.05");

    assertThat(cli.out())
        .contains(
            "banner: it does not conform"
                + tried(3, Rules.all())
                + "1 kept, 2 broken, 0 skipped, ");
    assertThat(cli.exitCode()).isEqualTo(1);
  }

  @Test
  void whatAWrongServerUsesIsSeenInItsProcess() {
    assumeThat(Path.of("/proc/self/fd")).exists();
    Cli cli = Cli.run("conform", "--wrong", "says-virtual-means-platform");

    assertThat(cli.out()).contains("broken   8.03", "more threads");
    assertThat(cli.exitCode()).isEqualTo(1);
  }

  @Test
  void severalWrongServersGoIntoTheReportsWithARuleEach(@TempDir Path folder) throws Exception {
    Path json = folder.resolve("report.json");
    Path html = folder.resolve("report.html");
    Path junit = folder.resolve("report.xml");
    Cli cli =
        Cli.run(
            "conform",
            "--wrong=aborts-at-the-end",
            "--wrong=banner",
            "--wrong=banner",
            "--json=" + json,
            "--html=" + html,
            "--junit=" + junit);

    assertThat(cli.out())
        .contains(
            "banner: it does not conform" + tried(1, Rules.all()) + "0 kept, 1 broken",
            "aborts-at-the-end: it does not")
        .doesNotContain("RULE");
    JsonNode reports = JsonMapper.shared().readTree(json);
    assertThat(reports.size()).isEqualTo(2);
    JsonNode finding = reports.get(0).get("findings").get(0);
    assertThat(reports.get(0).get("target").asString()).isEqualTo("banner");
    assertThat(finding.get("rule").asString()).isEqualTo("1.04");
    assertThat(finding.get("transcript").size()).isPositive();
    assertThat(Files.readString(html))
        .contains("<th>1.04</th>", "<th>4.06</th>", "not tried", "--wrong banner --rule 1.04")
        .contains("<p>Why: A client matches replies to requests by position");
    Document suites =
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(junit.toFile());
    assertThat(suites.getElementsByTagName("failure").getLength()).isEqualTo(2);
    assertThat(suites.getElementsByTagName("failure").item(0).getTextContent())
        .startsWith("why: A client matches replies to requests by position");
    assertThat(cli.exitCode()).isEqualTo(1);
  }

  @Test
  void aClientIsJudgedByRulesOfItsOwn() throws Exception {
    assumeThat(new ProcessBuilder("sh", "-c", "command -v python3").start().waitFor())
        .as("python3 is installed")
        .isZero();
    Path tutorial = Path.of("..", "python-twins", "tutorial", "client.py");
    String client = "exec python3 %s {port}".formatted(tutorial);
    Cli cli = Cli.run("conform", "--client", client, "--rule=10.04", "--rule=10.10");

    assertThat(cli.out())
        .contains("broken   10.04", "kept     10.10", "it does not conform")
        .contains("again: ./iomodels conform --client '" + client + "' --rule 10.04 --seed ");
    assertThat(cli.exitCode()).isEqualTo(1);
  }

  @Test
  void aClientThatDoesNotStartCannotBeJudged() {
    Cli cli = Cli.run("conform", "--client", "no-such-command-here {port}", "--rule=10.01");

    assertThat(cli.out())
        .contains("no-such-command-here", "the kit cannot tell whether it conforms");
    assertThat(cli.exitCode()).isEqualTo(2);
  }

  @Test
  void nothingThatTheKitHasStartedOutlivesIt() throws Exception {
    // A number that no other process has among its arguments. The client never connects, and leaves
    // a process behind that must be killed; meanwhile the kit checks the next rule.
    String mark = String.valueOf(100_000_000L + ProcessHandle.current().pid());
    Process kit =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--module-path=" + System.getProperty("jdk.module.path"),
                "--module=iomodels.cli/iomodels.cli.Main",
                "conform",
                "--client=(trap '' TERM; exec sleep %1$s 2> /dev/null) & exec sleep %1$s; : {port}"
                    .formatted(mark))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      await(() -> kit.descendants().anyMatch(it -> hasArgument(it, mark)), "the client runs");
    } finally {
      kit.destroy();
    }
    assertThat(kit.waitFor(30, TimeUnit.SECONDS)).as("the kit ends").isTrue();
    await(
        () -> ProcessHandle.allProcesses().noneMatch(it -> hasArgument(it, mark)),
        "the client has ended");
  }

  private static boolean hasArgument(ProcessHandle process, String argument) {
    return process.info().arguments().stream().flatMap(Arrays::stream).anyMatch(argument::equals);
  }

  private static void await(BooleanSupplier condition, String what) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - deadline).as(what).isNegative();
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  @Test
  void aPythonServerConforms(@TempDir Path folder) throws Exception {
    assumeThat(new ProcessBuilder("sh", "-c", "command -v python3").start().waitFor())
        .as("python3 is installed")
        .isZero();
    Path script = Files.writeString(folder.resolve("upper.py"), PYTHON_SERVER);
    Cli cli =
        Cli.run(
            "conform",
            "--exec",
            "python3 " + script + " {port}",
            "--rule",
            "1",
            "--rule",
            "4.02",
            "--rule",
            "6.01",
            "--rule",
            "9.05");

    assertThat(cli.out()).contains("8 kept, 0 broken", "found: [CONCURRENT, HALF_CLOSE]");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void aWaiverIsInEveryReport(@TempDir Path folder) throws Exception {
    Path json = folder.resolve("report.json");
    Path html = folder.resolve("report.html");
    Path junit = folder.resolve("report.xml");
    Cli cli =
        Cli.run(
            "conform",
            "nio-selector",
            "--rule=1.01",
            "--rule=4.01",
            "--waive=half-close",
            "--json=" + json,
            "--html=" + html,
            "--junit=" + junit);

    assertThat(cli.out())
        .contains("HALF_CLOSE is waived", "waived    HALF_CLOSE")
        .contains("it conforms, with HALF_CLOSE waived");
    assertThat(Files.readString(json)).containsPattern("\"waived\"\\s*:\\s*\\[\\s*\"HALF_CLOSE\"");
    assertThat(Files.readString(html)).contains("Waived: HALF_CLOSE");
    assertThat(Files.readString(junit)).contains("name=\"waived\" value=\"HALF_CLOSE\"");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void anHttpServerThatRunsIsJudgedWithoutTheRoutesThatItLacks() throws Exception {
    ProgramConfig config =
        ProgramConfig.onLoopback(List.of()).within(ProgramConfig.HEAD_LIMIT).reading(Path.of("."));
    StyleProvider style = StyleProvider.named("virtual-threads").orElseThrow();
    try (Server server = style.page(Programs.HTTP).orElseThrow().starter().start(config)) {
      Cli cli =
          Cli.run(
              "conform",
              "--program=http",
              "--target=" + server.address().getPort(),
              "--waive=/upper",
              "--waive=half-close",
              "--rule=15.01",
              "--rule=15.05",
              "--rule=15.07",
              "--rule=15.27",
              "--rule=15.39",
              "--rule=15.40");

      assertThat(cli.out())
          .contains("kept     15.05 15.07", "/upper is waived", "HALF_CLOSE is waived")
          .contains("the kit did not start it", "the kit cannot choose its folder")
          .contains("2 kept, 0 broken, 4 skipped")
          .contains("it conforms, with /upper, HALF_CLOSE waived, 2 of 42 rules tried");
      assertThat(cli.exitCode()).isZero();
    }
  }

  @Test
  void aProgramIsJudgedInStylesAndInPython(@TempDir Path folder) throws Exception {
    assumeThat(new ProcessBuilder("sh", "-c", "command -v python3").start().waitFor())
        .as("python3 is installed")
        .isZero();
    Path script = Files.writeString(folder.resolve("relay.py"), PYTHON_RELAY);
    Path html = folder.resolve("report.html");
    Path junit = folder.resolve("report.xml");
    String command = "exec python3 %s {port} {upstreams}".formatted(script);
    Cli cli =
        Cli.run(
            "conform",
            "--program=relay",
            "nio-selector",
            "--exec=/bin/false {port} {upstreams}",
            "--exec=" + command,
            "--rule=11.02",
            "--rule=11.07",
            "--html=" + html,
            "--junit=" + junit);

    assertThat(cli.out())
        .contains(
            "11.02  ?  +  +",
            "11.07  ?  !  +",
            "nio-selector relay: it conforms" + tried(2, Rules.of(Programs.RELAY)) + "2 kept")
        .contains(
            "again: ./iomodels conform --program relay --exec '%s' --rule 11.07 --seed "
                .formatted(command));
    assertThat(cli.err()).contains("/bin/false {port} {upstreams}", "ended at once");
    assertThat(Files.readString(html)).contains("<th>11.07</th>", "<th>nio-selector relay</th>");
    Document suites =
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(junit.toFile());
    assertThat(suites.getElementsByTagName("failure").getLength()).isEqualTo(1);
    assertThat(suites.getElementsByTagName("error").getLength()).isEqualTo(2);
    assertThat(cli.exitCode()).isEqualTo(1);
  }

  @Test
  void aProgramThatConformsIsASuccess() {
    Cli cli = Cli.run("conform", "--program", "relay", "virtual-threads", "--rule", "11.02");

    assertThat(cli.out())
        .contains(
            "kept     11.02",
            "virtual-threads relay: it conforms" + tried(1, Rules.of(Programs.RELAY)) + "1 kept");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void whatNobodyClaimedIsFoundOutOnEveryService() {
    // All run concurrently: the kit mostly waits.
    Map<Service, CompletableFuture<String>> said =
        Services.all().stream()
            .collect(toMap(identity(), service -> supplyAsync(() -> judged(service))));
    said.forEach(
        (service, out) -> assertThat(out.join()).contains("found: [CONCURRENT, HALF_CLOSE]"));
  }

  private static String judged(Service service) {
    ServerProvider model = ServerProvider.named("nio-selector").orElseThrow();
    try (Server server = model.start(ServerConfig.onLoopback(), service)) {
      String target = "127.0.0.1:" + server.address().getPort();
      return Cli.run("conform", "--target", target, "--service", service.name(), "--rule", "1.04")
          .out();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void theFirstBrokenRuleEndsAFailFastRun(@TempDir Path folder) throws Exception {
    Path json = folder.resolve("report.json");
    Cli cli =
        Cli.run(
            "conform",
            "--wrong=banner",
            "--wrong=aborts-at-the-end",
            "--rule=1.04",
            "--rule=9.04", // It is tried after the rules that are tried in parallel.
            "--fail-fast",
            "--json=" + json);

    assertThat(cli.out())
        .contains(
            "broken   1.04",
            "banner: it does not conform" + tried(1, Rules.all()) + "0 kept, 1 broken, 1 skipped")
        .contains("note      1 rule: not tried: --fail-fast", "1 more not judged: --fail-fast")
        .doesNotContain("aborts-at-the-end");
    assertThat(cli.err()).startsWith("banner: broken   1.04 ").hasLineCount(1);
    JsonNode reports = JsonMapper.shared().readTree(json);
    assertThat(reports.size()).isEqualTo(1);
    assertThat(reports.get(0).get("findings").get(1).get("detail").asString())
        .isEqualTo("not tried: --fail-fast");
    assertThat(cli.exitCode()).isEqualTo(1);
  }

  @Test
  void anInconclusiveRuleDoesNotEndAFailFastRun() {
    Cli cli =
        Cli.run("conform", "--client=exit 0; : {port}", "--rule=10.01", "--fail-fast", "--json=-");

    assertThat(cli.out()).startsWith("{").contains("\"INCONCLUSIVE\"");
    assertThat(cli.exitCode()).isEqualTo(2);
  }

  @Test
  void theTimeLimitEndsTheProcessesThatWereStarted() throws Exception {
    // A number that no other process has among its arguments.
    String mark = String.valueOf(200_000_000L + ProcessHandle.current().pid());
    Cli cli = Cli.run("conform", "--client=exec sleep %s; : {port}".formatted(mark), "--limit=1");

    assertThat(cli.out())
        .contains("0 kept, 0 broken", "rules: the limit of 1 s was over")
        .contains("the kit cannot tell whether it conforms");
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(ProcessHandle.allProcesses().filter(it -> hasArgument(it, mark))).isEmpty();
    assertThat(Cli.run("conform", "vertx", "--limit=0").err())
        .contains("--limit is 0; it is a whole number from 1 to 86400");
  }

  @Test
  void anEchoServerOfAsyncioIsJudgedAsSuch(@TempDir Path folder) throws Exception {
    Cli cli = conformEcho(folder, PYTHON_ECHO, "1", "2", "4.01", "4.06", "5.01", "6.01", "6.03");

    assertThat(cli.out())
        .contains("it conforms, 19 of 53 rules tried\n19 kept, 0 broken, 1 skipped");
    assertThat(cli.exitCode()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "'data.replace(bytes(1), bytes(0))', 1.02, expected 1 byte",
    "data.strip(), 1.05, a blank alone: expected"
  })
  void anEchoServerThatChangesBytesIsCaught(
      String changed, String rule, String words, @TempDir Path folder) throws Exception {
    String server = PYTHON_ECHO.replace("write(data)", "write(" + changed + ")");
    Cli cli = conformEcho(folder, server, rule);

    assertThat(cli.out()).contains("broken   " + rule, words, "it does not conform");
    assertThat(cli.exitCode()).isEqualTo(1);
  }

  private static Cli conformEcho(Path folder, String server, String... rules) throws Exception {
    assumeThat(new ProcessBuilder("sh", "-c", "command -v python3").start().waitFor())
        .as("python3 is installed")
        .isZero();
    Path script = Files.writeString(folder.resolve("echo.py"), server);
    Stream<String> subject =
        Stream.of("conform", "--service=echo", "--exec=exec python3 " + script + " {port}");
    return Cli.run(
        Stream.concat(subject, Stream.of(rules).map("--rule="::concat)).toArray(String[]::new));
  }

  @Test
  void eachOfSeveralServicesHasAProcess(@TempDir Path folder) throws Exception {
    assumeThat(new ProcessBuilder("sh", "-c", "command -v python3").start().waitFor())
        .as("python3 is installed")
        .isZero();
    Path script = Files.writeString(folder.resolve("services.py"), PYTHON_SERVICES);
    String exec = "--exec=exec python3 " + script + " {port} {service}";
    Cli cli =
        Cli.run(
            "conform",
            exec,
            "--service=upper,fixed,flood,echo",
            "--rule=1.03",
            "--rule=2.09",
            "--rule=3.05",
            "--rule=4.01",
            "--json=-");

    JsonNode report = JsonMapper.shared().readTree(cli.out());
    assertThat(report.get("notes").valueStream().map(JsonNode::asString))
        .contains(
            "tested with upper: 1.03",
            "tested with fixed: 2.09 3.05",
            "tested with flood: 4.01",
            "no rule was tested with echo, since the others come first; test echo alone");
    assertThat(report.get("findings").valueStream().map(it -> it.get("service").asString()))
        .containsExactly("upper", "fixed", "fixed", "flood");
    assertThat(report.get("outcome").asString()).as(cli.out()).isEqualTo("KEPT");
    assertThat(cli.exitCode()).isZero();
  }

  @Test
  void tooFewRulesAreNoSuccess() throws Exception {
    try (Server server =
        ServerProvider.named("nio-selector")
            .orElseThrow()
            .start(ServerConfig.onLoopback(), Services.UPPER)) {
      String target = "--target=" + server.address().getPort();
      Cli cli = Cli.run("conform", target, "--rule=1.02", "--rule=9");

      assertThat(cli.out())
          .contains("1 kept, 0 broken, 8 skipped")
          .contains("the kit cannot tell whether it conforms, only 1 of 53 rules tried");
      assertThat(cli.exitCode()).isEqualTo(2);
    }
  }

  @Test
  void aServerThatEchoesIsNotJudgedByTheRulesForUpper() throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread.startVirtualThread(() -> echo(listener));
      Cli cli = Cli.run("conform", "--target", "127.0.0.1:" + listener.getLocalPort());

      assertThat(cli.out())
          .contains("rules: the server does not serve upper: it echoes; try --service echo")
          .contains("0 kept, 0 broken");
      assertThat(cli.exitCode()).isEqualTo(2);
    }
  }

  private static void echo(ServerSocket listener) {
    try {
      while (true) {
        Socket socket = listener.accept();
        Thread.startVirtualThread(
            () -> {
              try (socket) {
                socket.getInputStream().transferTo(socket.getOutputStream());
              } catch (IOException _) {
                // The client has gone.
              }
            });
      }
    } catch (IOException _) {
      // The listener was closed.
    }
  }

  @Test
  void noRuleThatAppliesIsNoSuccess() throws IOException {
    try (Server server =
        WrongServers.all().getFirst().provider().start(ServerConfig.onLoopback(), Services.UPPER)) {
      Cli cli =
          Cli.run("conform", "--target", "127.0.0.1:" + server.address().getPort(), "--rule", "9");

      assertThat(cli.out()).contains("the kit cannot tell whether it conforms");
      assertThat(cli.exitCode()).isEqualTo(2);
    }
  }

  @Test
  void severalServersMakeAGridAndReportsForPeopleAndMachines(@TempDir Path folder)
      throws Exception {
    Path html = folder.resolve("report.html");
    Path junit = folder.resolve("report.xml");
    Cli cli =
        Cli.run(
            "conform",
            "nio-selector",
            "--example=vertx",
            "--exec=/bin/false {port}",
            "--rule=1.01",
            "--rule=4.06",
            "--html=" + html,
            "--junit=" + junit);

    assertThat(cli.out())
        .contains("RULE", "4.06  ?  !  +", "2 example-vertx", "3 nio-selector")
        .doesNotContain("kept     1.01");
    assertThat(cli.err()).contains("/bin/false {port}: ", "ended at once");
    assertThat(Files.readString(html))
        .startsWith("<!DOCTYPE html>")
        .contains("<th>example-vertx</th>", "class=\"verdict broken\"", "reading nothing");
    Document suites =
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(junit.toFile());
    assertThat(suites.getElementsByTagName("testsuite").getLength()).isEqualTo(3);
    assertThat(suites.getElementsByTagName("testcase").getLength()).isEqualTo(6);
    assertThat(suites.getElementsByTagName("failure").getLength()).isEqualTo(1);
    assertThat(suites.getElementsByTagName("error").getLength()).isEqualTo(2);
    assertThat(cli.exitCode()).isEqualTo(1);
  }
}
