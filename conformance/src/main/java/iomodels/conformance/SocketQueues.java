package iomodels.conformance;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot of the queues of all TCP sockets of this machine, as the kernel lists them in {@code
 * /proc/net/tcp} and {@code /proc/net/tcp6} (proc_net_tcp(5)). netstat(8) shows the same numbers as
 * Send-Q and Recv-Q, and a process gets those of its own sockets by the ioctls SIOCOUTQ and SIOCINQ
 * (tcp(7)). Safe for use by several threads.
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
  private final Path net;

  /** The text of the file for IPv6, which lists the sockets of a JVM, also those for IPv4. */
  private final String ipv6;

  /** The text of the file for IPv4, once it has been needed; guarded by this. */
  private @Nullable String ipv4;

  private SocketQueues(long began, Path net, String ipv6) {
    this.began = began;
    this.net = net;
    this.ipv6 = ipv6;
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
    return new SocketQueues(System.nanoTime(), net, read(net.resolve("tcp6")));
  }

  /** Returns the queues of the socket with these addresses; empty if this machine has none. */
  public Optional<Queues> of(InetSocketAddress local, InetSocketAddress remote) {
    String here = name(local);
    String there = name(remote);
    Optional<Queues> found = find(ipv6, mapped(here), mapped(there));
    return found.isEmpty() && isIpv4(here) ? find(ipv4(), here, there) : found;
  }

  private synchronized String ipv4() {
    String text = ipv4;
    if (text == null) {
      text = read(net.resolve("tcp"));
      ipv4 = text;
    }
    return text;
  }

  private static String read(Path file) {
    try {
      return new String(Files.readAllBytes(file), ISO_8859_1);
    } catch (IOException _) {
      return ""; // No such file, or it must not be read: the machine lists no sockets.
    }
  }

  /** Finds a socket in the text of a file: searching takes less time than to parse all lines. */
  private static Optional<Queues> find(String text, String local, String remote) {
    String addresses = ": %s %s ".formatted(local, remote);
    for (int at = text.indexOf(addresses); at >= 0; at = text.indexOf(addresses, at + 1)) {
      int state = at + addresses.length();
      int sent = state + STATE + 1;
      int received = sent + COUNT + 1;
      if (text.length() >= received + COUNT
          && !text.startsWith(TIME_WAIT, state)
          && !text.startsWith(LISTEN, state)) {
        return Optional.of(new Queues(count(text, sent), count(text, received)));
      }
    }
    return Optional.empty();
  }

  private static boolean isIpv4(String name) {
    return name.indexOf(':') == 2 * IPV4_BYTES;
  }

  private static String mapped(String name) {
    return isIpv4(name) ? MAPPED + name : name;
  }

  private static long count(String text, int at) {
    return Long.parseLong(text, at, at + COUNT, HEX);
  }

  private static String name(InetSocketAddress address) {
    return "%s:%04X".formatted(hex(address.getAddress().getAddress()), address.getPort());
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
