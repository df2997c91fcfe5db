package iomodels.conformance;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot of the queues of all TCP sockets of this machine, as the kernel lists them in {@code
 * /proc/net/tcp} and {@code /proc/net/tcp6} (proc_net_tcp(5)). netstat(8) shows the same numbers as
 * Send-Q and Recv-Q, and a process gets those of its own sockets by the ioctls SIOCOUTQ and SIOCINQ
 * (tcp(7)). Immutable.
 *
 * <p>With the queues of both ends of a connection, the kit knows how many bytes the server has read
 * and written, without asking the server. The kernel does not list all sockets at one instant: the
 * numbers are exact only while no data moves. A FIN counts as one byte. A byte that has arrived and
 * is not yet acknowledged is in the queues of both ends, so the kit counts too few bytes as read,
 * and too many as written, but never the other way round.
 *
 * <p>A snapshot takes time in proportion to the number of sockets: take no more than twenty a
 * second.
 */
public final class SocketQueues {

  private static final Path NET = Path.of("/proc/net");
  private static final String TIME_WAIT = "06";
  private static final String LISTEN = "0A";

  private static final int IPV4 = 8;
  private static final int IPV6 = 32;
  private static final int PORT = 5;
  private static final int STATE = 2;
  private static final int COUNT = 8;
  private static final int HEX = 16;
  private static final int IPV4_BYTES = 4;

  /** The beginning of an IPv6 address that stands for an IPv4 address (RFC 4291, 2.5.5.2). */
  private static final String MAPPED =
      hex(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) 0xff, (byte) 0xff});

  private static final Lock LOCK = new ReentrantLock();

  /** The snapshot that was taken last; guarded by the lock. */
  private static @Nullable SocketQueues latest;

  private final long began;
  private final Map<String, Queues> sockets;

  private SocketQueues(long began, Map<String, Queues> sockets) {
    this.began = began;
    this.sockets = sockets;
  }

  /**
   * The queues of one socket.
   *
   * @param unsent bytes that the process has written, and that the other end's kernel has not
   *     acknowledged
   * @param unread bytes that have arrived, and that the process has not read
   */
  public record Queues(long unsent, long unread) {}

  /**
   * Takes a snapshot; it lists no socket if this machine has no such files. Threads that wait for
   * one at the same time share it.
   */
  public static SocketQueues now() {
    long asked = System.nanoTime();
    LOCK.lock();
    try {
      SocketQueues shared = latest;
      if (shared == null || shared.began - asked < 0) {
        shared = in(NET);
        latest = shared;
      }
      return shared;
    } finally {
      LOCK.unlock();
    }
  }

  /** Reads the files in the given folder. */
  static SocketQueues in(Path net) {
    long began = System.nanoTime();
    Map<String, Queues> sockets = new HashMap<>();
    read(net.resolve("tcp"), IPV4, sockets);
    read(net.resolve("tcp6"), IPV6, sockets);
    return new SocketQueues(began, sockets);
  }

  /** Returns the queues of the socket with these addresses; empty if this machine has none. */
  public Optional<Queues> of(InetSocketAddress local, InetSocketAddress remote) {
    return Optional.ofNullable(sockets.get(key(name(local), name(remote))));
  }

  private static void read(Path file, int address, Map<String, Queues> sockets) {
    String lines;
    try {
      lines = new String(Files.readAllBytes(file), ISO_8859_1);
    } catch (IOException _) {
      return; // No such file, or it must not be read: the machine lists no sockets.
    }
    int end = address + PORT;
    int next = lines.indexOf('\n') + 1; // after the names of the columns
    while (next > 0 && next < lines.length()) {
      int line = next;
      next = lines.indexOf('\n', line) + 1;
      int local = lines.indexOf(": ", line) + 2;
      int remote = local + end + 1;
      int state = remote + end + 1;
      int sent = state + STATE + 1;
      int received = sent + COUNT + 1;
      if (local < 2 || (next > 0 ? next - 1 : lines.length()) < received + COUNT) {
        continue;
      }
      String now = lines.substring(state, state + STATE);
      if (!now.equals(TIME_WAIT) && !now.equals(LISTEN)) {
        sockets.put(
            key(
                unmapped(lines.substring(local, local + end)),
                unmapped(lines.substring(remote, remote + end))),
            new Queues(count(lines, sent), count(lines, received)));
      }
    }
  }

  private static String key(String local, String remote) {
    return local + " " + remote;
  }

  private static String unmapped(String address) {
    return address.startsWith(MAPPED) ? address.substring(MAPPED.length()) : address;
  }

  private static long count(String lines, int at) {
    return Long.parseLong(lines, at, at + COUNT, HEX);
  }

  private static String name(InetSocketAddress address) {
    String name = "%s:%04X".formatted(hex(address.getAddress().getAddress()), address.getPort());
    return unmapped(name);
  }

  /**
   * Returns an address as the kernel writes it: in words of four bytes, each as a native number.
   */
  private static String hex(byte[] address) {
    ByteBuffer words = ByteBuffer.wrap(address).order(ByteOrder.nativeOrder());
    StringBuilder hex = new StringBuilder();
    for (int i = 0; i < address.length; i += IPV4_BYTES) {
      hex.append("%08X".formatted(words.getInt()));
    }
    return hex.toString();
  }
}
