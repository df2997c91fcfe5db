package iomodels.cli;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.program.Program;
import iomodels.program.ProgramConfig;
import iomodels.program.Programs;
import iomodels.server.Server;
import iomodels.server.spi.StyleProvider;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A program that is its own upstream would open connections until it is out of descriptors. */
@Timeout(60)
class OwnUpstreamTest {

  static Stream<StyleProvider.Page> pages() {
    return StyleProvider.installed().stream()
        .flatMap(it -> it.pages().stream())
        .filter(it -> takesUpstreams(it.program()));
  }

  private static boolean takesUpstreams(Program program) {
    return program.equals(Programs.RELAY) || program.equals(Programs.GATHER);
  }

  @ParameterizedTest
  @MethodSource("pages")
  void isRefusedAtTheStart(StyleProvider.Page page) throws IOException {
    String failure;
    do {
      failure = start(page);
    } while (failure.isEmpty());
    assertThat(failure).contains("is this program itself");
  }

  /** Why the program does not start; empty if another process took the port meanwhile. */
  private static String start(StyleProvider.Page page) throws IOException {
    InetSocketAddress free = free();
    ProgramConfig config = ProgramConfig.onLoopback(List.of(free)).at(free);
    try (Server _ = page.starter().start(config)) {
      return "it has started";
    } catch (BindException _) {
      return "";
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static InetSocketAddress free() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return (InetSocketAddress) socket.getLocalSocketAddress();
    }
  }
}
