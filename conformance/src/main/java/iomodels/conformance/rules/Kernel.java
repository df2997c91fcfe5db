package iomodels.conformance.rules;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Sizes of the kernel's socket buffers, and the states of its sockets. */
final class Kernel {

  private static final List<Path> TABLES =
      List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));

  /** Columns of those tables (proc_net_tcp(5)). */
  private static final int REMOTE_ADDRESS = 2;

  private static final int STATE = 3;
  private static final String SYN_SENT = "02";

  private Kernel() {}

  /** Returns whether this machine lists sockets that are connecting. */
  static boolean listsConnecting() {
    return Files.isReadable(TABLES.getFirst());
  }

  /** Returns the number of sockets of this machine in state SYN-SENT for this port. */
  static long connecting(int port) throws IOException {
    String suffix = ":%04X".formatted(port);
    long count = 0;
    for (Path table : TABLES) {
      if (Files.exists(table)) { // Without IPv6 there is only the first table.
        count +=
            Files.readAllLines(table).stream()
                .map(it -> it.strip().split(" +", -1))
                .filter(it -> it[REMOTE_ADDRESS].endsWith(suffix) && it[STATE].equals(SYN_SENT))
                .count();
      }
    }
    return count;
  }

  /** Returns the maximum for a connection whose receiver has set its own buffer size. */
  static long buffers(int receiveBuffer) {
    return receiveBuffer + Section05BackPressure.largest("tcp_wmem");
  }

  /** Returns the maximum of bytes in one connection's buffers: sent, but not read. */
  static long buffers() {
    return Section05BackPressure.largest("tcp_rmem") + Section05BackPressure.largest("tcp_wmem");
  }
}
