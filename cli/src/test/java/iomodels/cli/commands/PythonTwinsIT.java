package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.api.Assumptions.abort;

import iomodels.cli.Cli;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The Python twins keep the rules that they claim; servers from tutorials do not. */
class PythonTwinsIT {

  private static final Path FOLDER = Path.of("..", "python-twins");

  /** Without the rules for stopping, and without section 3, which is about other services. */
  private static final List<String> CLAIMED =
      List.of("1", "2", "4", "5.01", "5.02", "6", "9.01", "9.02", "9.05");

  /** Debian packages libraries for its own Python, which may not be the first on the path. */
  private static final List<String> PYTHONS = List.of("python3", "/usr/bin/python3");

  @Test
  void everyFileIsTried() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      assertThat(files.map(it -> it.getFileName().toString()).filter(it -> it.endsWith(".py")))
          .containsExactlyInAnyOrder(
              "asyncio_protocol.py",
              "asyncio_streams.py",
              "blocking.py",
              "busy_polling.py",
              "threads.py",
              "with_epoll.py",
              "with_poll.py",
              "with_select.py",
              "with_selectors.py",
              "with_tornado.py",
              "with_twisted.py");
    }
  }

  @ParameterizedTest
  @CsvSource({"asyncio_protocol.py, asyncio", "with_selectors.py, selectors"})
  void keepsWhatItClaims(String file, String library) throws Exception {
    demandKept(file, library);
  }

  @Tag("thorough")
  @ParameterizedTest
  @CsvSource({
    "asyncio_streams.py, asyncio",
    "blocking.py, socket",
    "busy_polling.py, socket",
    "threads.py, socketserver",
    "with_epoll.py, select",
    "with_poll.py, select",
    "with_select.py, select",
    "with_tornado.py, tornado",
    "with_twisted.py, twisted"
  })
  void soDoTheOthers(String file, String library) throws Exception {
    demandKept(file, library);
  }

  @ParameterizedTest
  @CsvSource("asyncio, asyncio, chat, {port}")
  void aProgramKeepsItsRules(String style, String library, String program, String ports)
      throws Exception {
    String file = "programs/%s_%s.py".formatted(style, program);
    String command = "exec %s %s %s".formatted(pythonWith(library), FOLDER.resolve(file), ports);
    Cli cli = Cli.run("conform", "--program", program, "--exec", command);

    demandItConforms(cli);
  }

  @Tag("thorough")
  @ParameterizedTest
  @CsvSource({
    "asyncio, asyncio, relay, {port} {upstreams}",
    "asyncio, asyncio, gather, {port} {deadline} {upstreams}",
    "asyncio, asyncio, offload, {port} {folder}",
    "twisted, twisted, relay, {port} {upstreams}",
    "twisted, twisted, gather, {port} {deadline} {upstreams}",
    "twisted, twisted, chat, {port}",
    "twisted, twisted, offload, {port} {folder}"
  })
  void soDoTheOtherPrograms(String style, String library, String program, String ports)
      throws Exception {
    aProgramKeepsItsRules(style, library, program, ports);
  }

  /** A few rules of section 15; {@link #anHttpServerBreaksNoMoreThanItSays} has all. */
  @Test
  void anHttpServerKeepsRules() throws Exception {
    Cli cli = conformHttp("aiohttp", "--rule=15.01", "--rule=15.24", "--rule=15.28");

    demandItConforms(cli);
  }

  @Tag("thorough")
  @ParameterizedTest
  @ValueSource(strings = {"aiohttp", "tornado", "twisted", "sanic"})
  void anHttpServerBreaksNoMoreThanItSays(String library) throws Exception {
    Cli cli = conformHttp(library);

    assertThat(cli.out()).contains(", 0 errors\n");
    assertThat(knownToBreak(library)).containsAll(rules(cli.out(), "(?m)^broken +([\\d.]+) "));
  }

  private static Cli conformHttp(String library, String... options) throws Exception {
    Path file = FOLDER.resolve("programs").resolve(library + "_http.py");
    String command = "exec %s %s {port} {folder}".formatted(pythonWith(library), file);
    Stream<String> given = Stream.of("conform", "--program", "http", "--exec", command);
    return Cli.run(Stream.concat(given, Stream.of(options)).toArray(String[]::new));
  }

  /** Returns the rules that the document lists for a framework. */
  private static List<String> knownToBreak(String library) throws IOException {
    String document = Files.readString(FOLDER.resolve("README.md"));
    return rules(document, "(?m)^\\| %s [\\d.]+ \\| ([\\d., ]+) \\|".formatted(library));
  }

  private static List<String> rules(String text, String pattern) {
    return Pattern.compile(pattern)
        .matcher(text)
        .results()
        .flatMap(it -> Stream.of(it.group(1).split(", ")))
        .toList();
  }

  private static void demandItConforms(Cli cli) {
    assertThat(cli.out()).contains(" 0 broken, ").contains(", 0 errors\n");
    assumeThat(cli.out()).as("a machine on which the kit can tell").contains(", 0 inconclusive, ");
    assertThat(cli.exitCode()).isZero();
  }

  private static void demandKept(String file, String library) throws Exception {
    Cli cli = conform(file, library, CLAIMED.stream().map(rule -> "--rule=" + rule));

    demandItConforms(cli);
  }

  @ParameterizedTest
  @CsvSource({
    "tutorial/blocking.py, socket, 9.02",
    "tutorial/asyncio_streams.py, asyncio, 5.01",
    "tutorial/with_twisted.py, twisted, 4.06"
  })
  void whatTutorialsShowDoesNot(String file, String library, String broken) throws Exception {
    // Claimed, not probed: the probe may miss a capability of a server that loses replies in a
    // race.
    Stream<String> options =
        Stream.of("--capability=HALF_CLOSE", "--rule=1.01", "--rule=" + broken);
    Cli cli = conform(file, library, options);

    assertThat(cli.out()).contains("kept     1.01");
    assumeThat(cli.out()).as("a machine too slow to show it").doesNotContain("kept     5.01");
    assertThat(cli.out()).contains("broken   " + broken);
    assertThat(cli.exitCode()).isEqualTo(1);
  }

  private static Cli conform(String file, String library, Stream<String> options) throws Exception {
    String command = "exec %s %s {port}".formatted(pythonWith(library), FOLDER.resolve(file));
    return Cli.run(
        Stream.concat(Stream.of("conform", "--exec", command), options).toArray(String[]::new));
  }

  /** Returns a Python that has the library; skips the test if there is none. */
  static String pythonWith(String library) throws InterruptedException {
    for (String python : PYTHONS) {
      try {
        Process importing = new ProcessBuilder(python, "-c", "import " + library).start();
        if (importing.waitFor(30, TimeUnit.SECONDS) && importing.exitValue() == 0) {
          return python;
        }
        importing.destroyForcibly();
      } catch (IOException _) {
        // This Python is not installed.
      }
    }
    return abort("no Python 3 here has " + library);
  }
}
