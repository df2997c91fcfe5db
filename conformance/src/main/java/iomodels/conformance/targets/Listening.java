package iomodels.conformance.targets;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Checks whether a port of this machine is in state LISTEN, without connecting to it: a program
 * would take a connection for a client. Linux lists listening sockets; elsewhere a port counts as
 * listening if it is taken.
 */
final class Listening {

  private static final List<Path> TABLES =
      List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));

  /** Columns of those tables. */
  private static final int LOCAL_ADDRESS = 1;

  private static final int STATE = 3;

  private static final String LISTEN = "0A";

  private Listening() {}

  /** Returns whether this machine lists its listening sockets. */
  static boolean isKnown() {
    return Files.isReadable(TABLES.getFirst());
  }

  static boolean at(int port) throws IOException {
    return isKnown() ? isInTable(port) : isTaken(port);
  }

  private static boolean isInTable(int port) throws IOException {
    String suffix = ":%04X".formatted(port);
    for (Path table : TABLES) {
      if (Files.exists(table)) { // Without IPv6 there is only the first table.
        try (Stream<String> lines = Files.lines(table, ISO_8859_1)) {
          // The listening sockets come first; there may be thousands of others.
          if (lines
              .skip(1)
              .map(it -> it.strip().split(" +", STATE + 2))
              .takeWhile(it -> it[STATE].equals(LISTEN))
              .anyMatch(it -> it[LOCAL_ADDRESS].endsWith(suffix))) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /** Binds the port for a moment; another process that wants it just then has to try again. */
  static boolean isTaken(int port) throws IOException {
    try (SocketChannel channel = SocketChannel.open()) {
      channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return false;
    } catch (BindException _) {
      return true;
    }
  }
}
