package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.Server;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A real browser shows the event stream of the program http, with the page of the examples. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EventStreamIT {

  private static final Path FOLDER = Path.of("../http/examples").toAbsolutePath().normalize();
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Longer than a test: the server must not close a connection that the browser keeps. */
  private static final Duration HEAD_LIMIT = Duration.ofHours(1);

  /** How often to try a port again that another process has taken. */
  private static final int TRIES = 3;

  private static final String SHOWS =
      "return document.getElementById(arguments[0]).textContent === arguments[1]";
  private static final String HAS_EVENT =
      "return Number(document.getElementById('event').textContent) >= arguments[0]";

  private Browser browser;

  @BeforeAll
  void start() {
    browser = Browser.on(FOLDER);
  }

  @AfterAll
  void stop() {
    if (browser != null) {
      browser.close();
    }
  }

  static Stream<StyleProvider> styles() {
    return StyleProvider.installed().stream();
  }

  @Test
  void eventsAreShownUntilThePageClosesTheStream() throws Exception {
    areShownUntilThePageClosesTheStream(StyleProvider.named("virtual-threads").orElseThrow());
  }

  @Tag("thorough")
  @ParameterizedTest
  @MethodSource("styles")
  void areShownUntilThePageClosesTheStream(StyleProvider style) throws Exception {
    try (Server server = start(style, 0)) {
      int port = server.address().getPort();
      browser.visit("http://127.0.0.1:%d/files/ticker.html".formatted(port));
      browser.awaitTrue(HAS_EVENT, 3);
      assertThat(browser.all("#state").getFirst().getText()).isEqualTo("open");

      Set<String> open = connected(port);
      assertThat(open).isNotEmpty();
      browser.all("#close").getFirst().click();
      browser.awaitTrue(SHOWS, "state", "closed");
      awaitAnEnd(port, open);
    }
  }

  @Tag("thorough")
  @ParameterizedTest
  @MethodSource("styles")
  void theBrowserConnectsAgainWhenTheServerIsBack(StyleProvider style) throws Exception {
    for (int i = 1; ; i++) {
      try {
        connectsAgain(style);
        return;
      } catch (BindException e) {
        if (i == TRIES) {
          throw e;
        }
      }
    }
  }

  private void connectsAgain(StyleProvider style) throws Exception {
    int port;
    try (Server server = start(style, 0)) {
      port = server.address().getPort();
      browser.visit("http://127.0.0.1:%d/files/ticker.html".formatted(port));
      browser.awaitTrue(HAS_EVENT, 1);
    }
    browser.awaitTrue(SHOWS, "state", "connecting again");
    try (Server _ = start(style, port)) {
      browser.awaitTrue(SHOWS, "connected", "2 times");
      browser.awaitTrue(HAS_EVENT, 2);
    }
  }

  private static Server start(StyleProvider style, int port) throws IOException {
    ProgramConfig config = ProgramConfig.onLoopback(List.of()).within(HEAD_LIMIT).reading(FOLDER);
    InetSocketAddress address = new InetSocketAddress(config.address().getAddress(), port);
    return style.page(Programs.HTTP).orElseThrow().starter().start(config.at(address));
  }

  /**
   * The browser ends the connection of the stream. The server has to close its socket as well, and
   * may keep those of connections that the browser keeps.
   */
  private static void awaitAnEnd(int port, Set<String> open) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    Set<String> held = held(open);
    Set<String> connected = connected(port);
    while ((held.equals(open) || !connected.containsAll(held))
        && System.nanoTime() - deadline < 0) {
      Thread.sleep(20);
      held = held(open);
      connected = connected(port);
    }
    assertThat(held).as("sockets that the server holds").isNotEqualTo(open);
    assertThat(connected).as("sockets whose connection the browser keeps").containsAll(held);
  }

  /** Returns the server's sockets whose connection neither end has closed: proc_net(5). */
  private static Set<String> connected(int port) throws IOException {
    String local = ":%04X".formatted(port);
    Set<String> sockets = new HashSet<>();
    for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      for (String line : Files.readAllLines(Path.of(table))) {
        String[] words = line.strip().split(" +", -1);
        if (words[1].endsWith(local) && words[3].equals("01")) { // ESTABLISHED
          sockets.add("socket:[%s]".formatted(words[9])); // as proc_pid_fd(5) names it
        }
      }
    }
    return sockets;
  }

  /** Returns those of the sockets that this process has not closed. */
  private static Set<String> held(Set<String> sockets) throws IOException {
    Set<String> held = new HashSet<>();
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      for (Path descriptor : (Iterable<Path>) descriptors::iterator) {
        String name = name(descriptor);
        if (sockets.contains(name)) {
          held.add(name);
        }
      }
    }
    return held;
  }

  private static String name(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException _) {
      return ""; // It has just been closed.
    }
  }
}
