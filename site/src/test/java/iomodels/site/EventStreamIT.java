package iomodels.site;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.Server;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
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

      Set<String> open = connections(port);
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
    ProgramConfig config =
        ProgramConfig.onLoopback(List.of()).within(ProgramConfig.HEAD_LIMIT).reading(FOLDER);
    InetSocketAddress address = new InetSocketAddress(config.address().getAddress(), port);
    return style.page(Programs.HTTP).orElseThrow().starter().start(config.at(address));
  }

  /** The browser ends the connection of the stream; the server has to close its socket as well. */
  private static void awaitAnEnd(int port, Set<String> open) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    Set<String> left = connections(port);
    while (left.containsAll(open) && System.nanoTime() < deadline) {
      Thread.sleep(20);
      left = connections(port);
    }
    open.removeAll(left);
    assertThat(open).as("connections that the server has closed").isNotEmpty();
  }

  /** Returns the remote ends of the sockets that the server holds: proc_net(5). */
  private static Set<String> connections(int port) throws IOException {
    String local = ":%04X".formatted(port);
    Set<String> remote = new HashSet<>();
    for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      for (String line : Files.readAllLines(Path.of(table))) {
        String[] words = line.strip().split(" +", -1);
        boolean held = words[3].equals("01") || words[3].equals("08"); // ESTABLISHED, CLOSE_WAIT
        if (held && words[1].endsWith(local)) {
          remote.add(words[2]);
        }
      }
    }
    return remote;
  }
}
