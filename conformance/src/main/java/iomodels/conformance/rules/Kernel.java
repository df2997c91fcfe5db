package iomodels.conformance.rules;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Sizes of the kernel's socket buffers, and the states of its sockets. */
final class Kernel {

  private static final List<Path> TABLES =
      List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));

  /** A state in those tables (proc_net_tcp(5)); it follows the remote address. */
  private static final String SYN_SENT = "02";

  private Kernel() {}

  /** Returns whether this machine lists sockets that are connecting. */
  static boolean listsConnecting() {
    return Files.isReadable(TABLES.getFirst());
  }

  /** Returns the number of sockets of this machine in state SYN-SENT for this port. */
  static long connecting(int port) throws IOException {
    String columns = ":%04X %s ".formatted(port, SYN_SENT); // remote port, state
    long count = 0;
    for (Path table : TABLES) {
      if (Files.exists(table)) { // Without IPv6 there is only the first table.
        count +=
            Files.readAllLines(table, ISO_8859_1).stream()
                .filter(it -> it.contains(columns))
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
