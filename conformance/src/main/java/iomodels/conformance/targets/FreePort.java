package iomodels.conformance.targets;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Finds a free port for a server that does not choose one itself. Until the server binds it,
 * another process may take it.
 *
 * <p>So the port is not an ephemeral one, if possible: the kernel gives these to every client that
 * connects and to every socket that is bound to port 0 ({@code ip_local_port_range}, ip(7)), and
 * thousands of them may be in use.
 */
public final class FreePort {

  private static final Path EPHEMERAL = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
  private static final int LOWEST = 10_000;
  private static final int MOST_EPHEMERAL = 32_768;
  private static final int TRIES = 100;

  private FreePort() {}

  /**
   * Returns a port of the loopback address that was free a moment ago.
   *
   * @throws IOException if there is none
   */
  public static int find() throws IOException {
    int end = firstEphemeral();
    for (int i = 0; i < TRIES && end > LOWEST; i++) {
      int port = ThreadLocalRandom.current().nextInt(LOWEST, end);
      if (!Listening.isTaken(port)) {
        return port;
      }
    }
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static int firstEphemeral() throws IOException {
    return Files.isReadable(EPHEMERAL)
        ? Integer.parseInt(Files.readString(EPHEMERAL).strip().split("\\s+", 2)[0])
        : MOST_EPHEMERAL;
  }
}
