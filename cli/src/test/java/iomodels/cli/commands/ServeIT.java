package iomodels.cli.commands;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests {@code serve} as a user runs it: in a process that a signal ends. */
@Timeout(60)
class ServeIT {

  private static final Pattern ANNOUNCED =
      Pattern.compile("virtual-threads serves relay at 127\\.0\\.0\\.1:(\\d+) \\(TCP, upstream .*");

  @Test
  void aRelayCarriesUntilItIsToldToStop() throws Exception {
    try (ServerSocket upstream = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Process relay =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--module-path=" + System.getProperty("jdk.module.path"),
                  "--module=iomodels.cli/iomodels.cli.Main",
                  "serve",
                  "virtual-threads",
                  "--program=relay",
                  "--port=0",
                  "--upstream=127.0.0.1:" + upstream.getLocalPort())
              .redirectErrorStream(true)
              .start();
      try (BufferedReader said = relay.inputReader()) {
        Matcher announced = ANNOUNCED.matcher(String.valueOf(said.readLine()));
        assertThat(announced.matches()).isTrue();
        int port = Integer.parseInt(announced.group(1));
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
            Socket other = upstream.accept()) {
          client.getOutputStream().write('?');
          assertThat(other.getInputStream().read()).isEqualTo('?');
          other.getOutputStream().write('!');
          assertThat(client.getInputStream().read()).isEqualTo('!');
        }
        relay.toHandle().destroy(); // That of the process would close its output here as well.
        assertThat(said.readLine()).startsWith("stopping: ");
        assertThat(relay.waitFor(30, TimeUnit.SECONDS)).isTrue();
      } finally {
        relay.destroyForcibly();
      }
    }
  }
}
