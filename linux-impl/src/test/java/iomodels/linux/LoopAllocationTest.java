package iomodels.linux;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Services;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests that an event loop allocates nothing per message, since garbage collection delays every
 * client.
 *
 * <p>There is one exception: the JDK's linker allocates an object for each call that captures
 * {@code errno}. The optimizing compiler removes it where it inlines the call, which the test
 * cannot control. So the test ignores up to one such object for each system call of a message.
 */
@Timeout(120)
class LoopAllocationTest {

  private static final int MESSAGES = 2_000;

  /** The limit for a round: two bytes per message, which is less than any object. */
  private static final long ALLOWED = 2 * MESSAGES;

  /** The maximum number of system calls per message: wait, receive, empty receive, send. */
  private static final int CALLS = 4;

  /** The size of the linker's objects for one call per message, in a round. */
  private static final long LINKED = 40 * MESSAGES;

  /** The time limit for compilation; the interpreter and the compilers may allocate until then. */
  private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(60);

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  static List<ServerProvider> providers() {
    return Models.available();
  }

  @ParameterizedTest
  @MethodSource("providers")
  void aLoopAllocatesNothingPerMessage(ServerProvider provider) throws Exception {
    try (Server server = provider.start(ServerConfig.onLoopback(), Services.UPPER);
        Socket client = new Socket(server.address().getAddress(), server.address().getPort())) {
      client.setTcpNoDelay(true);
      client.setSoTimeout(30_000);
      long loop = loopOf(provider);
      long deadline = System.nanoTime() + WARM_UP_NANOS;
      long allocated;
      do {
        long before = THREADS.getThreadAllocatedBytes(loop);
        converse(client);
        allocated = THREADS.getThreadAllocatedBytes(loop) - before;
        allocated -= LINKED * Math.min(CALLS, allocated / LINKED);
      } while (allocated > ALLOWED && System.nanoTime() < deadline);
      assertThat(allocated).as("bytes for %d messages", MESSAGES).isLessThanOrEqualTo(ALLOWED);
    }
  }

  /** Finds the thread of a loop, which is named after its model. */
  private static long loopOf(ServerProvider provider) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals(provider.card().name() + "-loop"))
        .findAny()
        .orElseThrow()
        .threadId();
  }

  private static void converse(Socket client) throws IOException {
    byte[] message = new byte[64];
    for (int i = 0; i < MESSAGES; i++) {
      client.getOutputStream().write(message);
      assertThat(client.getInputStream().readNBytes(message, 0, message.length))
          .isEqualTo(message.length);
    }
  }
}
