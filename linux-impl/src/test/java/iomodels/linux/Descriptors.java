package iomodels.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Counts the descriptors of this process, and limits them. */
final class Descriptors {

  private static final int RLIMIT_NOFILE = 7;

  static {
    openLastingSocket();
  }

  private Descriptors() {}

  /** Closes a socket, after which the JVM keeps a socket of its own; it must not be counted. */
  private static void openLastingSocket() {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket _ = new Socket(listener.getInetAddress(), listener.getLocalPort())) {
      listener.accept().close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static long sockets() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.filter(Descriptors::isSocket).count();
    }
  }

  private static boolean isSocket(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
    } catch (IOException _) {
      return false; // It has just been closed.
    }
  }

  /** Limits the number of descriptors that this process can open, until it is closed. */
  static final class Shortage implements AutoCloseable {

    private final List<Integer> taken = new ArrayList<>();
    private final long before;

    /** Occupies all descriptors below the limit, except the given number. */
    Shortage(int limit, int spare) throws IOException {
      before = limit(limit);
      try {
        int fd = Libc.eventfd(0, Libc.EFD_CLOEXEC);
        while (fd >= 0) {
          taken.add(fd);
          fd = Libc.eventfd(0, Libc.EFD_CLOEXEC);
        }
        assertThat(fd).isEqualTo(-Errno.EMFILE);
        assertThat(taken).hasSizeGreaterThan(spare);
        for (int i = 0; i < spare; i++) {
          Libc.close(taken.removeLast());
        }
      } catch (AssertionError e) {
        close();
        throw e;
      }
    }

    /** Releases the given number of descriptors. */
    void release(int count) {
      for (int i = 0; i < count; i++) {
        Libc.close(taken.removeLast());
      }
    }

    @Override
    public void close() throws IOException {
      limit(before);
      taken.forEach(Libc::close);
    }
  }

  /** Sets the limit; returns the limit before. */
  private static long limit(long count) throws IOException {
    MethodHandle getrlimit = Libc.function("getrlimit", JAVA_INT, JAVA_INT, ADDRESS);
    MethodHandle setrlimit = Libc.function("setrlimit", JAVA_INT, JAVA_INT, ADDRESS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limit = arena.allocate(JAVA_LONG, 2);
      Errno.check("getrlimit", (int) getrlimit.invokeExact(Libc.state(), RLIMIT_NOFILE, limit));
      long before = limit.get(JAVA_LONG, 0);
      limit.set(JAVA_LONG, 0, count);
      Errno.check("setrlimit", (int) setrlimit.invokeExact(Libc.state(), RLIMIT_NOFILE, limit));
      return before;
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw Libc.unexpected(e);
    }
  }
}
