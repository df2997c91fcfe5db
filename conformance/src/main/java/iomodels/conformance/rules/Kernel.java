package iomodels.conformance.rules;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What the kernel may hold, and what it tells of its sockets. */
final class Kernel {

  private static final List<Path> TABLES =
      List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));

  /** Columns of those tables (proc_net_tcp(5)). */
  private static final int REMOTE_ADDRESS = 2;

  private static final int STATE = 3;
  private static final String SYN_SENT = "02";

  private Kernel() {}

  /** Whether this machine tells which sockets are connecting. */
  static boolean tellsConnecting() {
    return Files.isReadable(TABLES.getFirst());
  }

  /** How many sockets of this machine have sent SYN to that port, and have no answer yet. */
  static long connecting(int port) throws IOException {
    String suffix = ":%04X".formatted(port);
    long count = 0;
    for (Path table : TABLES) {
      if (Files.exists(table)) { // Without IPv6 there is only the first.
        count +=
            Files.readAllLines(table).stream()
                .map(it -> it.strip().split(" +", -1))
                .filter(it -> it[REMOTE_ADDRESS].endsWith(suffix) && it[STATE].equals(SYN_SENT))
                .count();
      }
    }
    return count;
  }

  /** The same, if the receiver has set its own to that many. */
  static long buffers(int receiveBuffer) {
    return receiveBuffer + Section05BackPressure.largest("tcp_wmem");
  }

  /** How many bytes the buffers of one connection may hold, sent and not read. */
  static long buffers() {
    return Section05BackPressure.largest("tcp_rmem") + Section05BackPressure.largest("tcp_wmem");
  }
}
