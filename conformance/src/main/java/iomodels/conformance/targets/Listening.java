package iomodels.conformance.targets;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
  private static final int INODE = 9;

  private static final String LISTEN = "0A";

  private Listening() {}

  /** Returns whether this machine lists its listening sockets. */
  static boolean isKnown() {
    return Files.isReadable(TABLES.getFirst());
  }

  static boolean at(int port) throws IOException {
    return isKnown() ? isInTable(port) : isTaken(port);
  }

  /**
   * Returns whether one of these processes listens on a port; true if this cannot be told: the
   * machine does not list sockets, or a process belongs to another user.
   */
  static boolean by(Collection<ProcessHandle> processes, int port) throws IOException {
    if (!isKnown()) {
      return true;
    }
    Set<String> sockets = new HashSet<>();
    inodes(port).forEach(it -> sockets.add("socket:[%s]".formatted(it)));
    return processes.stream().anyMatch(it -> mayHave(it, sockets));
  }

  private static boolean mayHave(ProcessHandle process, Set<String> sockets) {
    Path descriptors = Path.of("/proc/%d/fd".formatted(process.pid()));
    try (DirectoryStream<Path> all = Files.newDirectoryStream(descriptors)) {
      for (Path each : all) {
        if (sockets.contains(target(each))) {
          return true;
        }
      }
      return false;
    } catch (AccessDeniedException _) {
      return true;
    } catch (IOException _) {
      return false; // It has ended.
    }
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException _) {
      return ""; // The process has closed it meanwhile.
    }
  }

  private static boolean isInTable(int port) throws IOException {
    return !inodes(port).isEmpty();
  }

  /** Returns the inodes of the sockets that listen on a port. */
  private static List<String> inodes(int port) throws IOException {
    String suffix = ":%04X".formatted(port);
    List<String> inodes = new ArrayList<>();
    for (Path table : TABLES) {
      if (Files.exists(table)) { // Without IPv6 there is only the first table.
        try (Stream<String> lines = Files.lines(table, ISO_8859_1)) {
          // The listening sockets come first; there may be thousands of others.
          lines
              .skip(1)
              .map(it -> it.strip().split(" +", INODE + 2))
              .takeWhile(it -> it[STATE].equals(LISTEN))
              .filter(it -> it[LOCAL_ADDRESS].endsWith(suffix))
              .forEach(it -> inodes.add(it[INODE]));
        }
      }
    }
    return inodes;
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
