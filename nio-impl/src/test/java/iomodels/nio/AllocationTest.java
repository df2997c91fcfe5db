package iomodels.nio;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.ServerProvider;
import iomodels.service.Services;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests that an event loop allocates nothing per message, so that garbage collection affects no
 * measurement.
 */
@Timeout(120)
class AllocationTest {

  private static final int CLIENTS = 300;

  private static final int ROUNDS = 200;

  /**
   * The selector's own allocation: it looks up each ready key by an {@code Integer}, and creates
   * one for each descriptor above 127. If the server allocated as much as that itself, the limit
   * would be exceeded.
   */
  private static final long AN_INTEGER = 16;

  private static final long ALLOWED = CLIENTS * ROUNDS * AN_INTEGER + 5_000;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final ByteBuffer message = ByteBuffer.allocateDirect(64);

  static List<ServerProvider> providers() {
    return List.of(new SelectorProvider(), new MultiReactorProvider());
  }

  @ParameterizedTest
  @MethodSource("providers")
  void aLoopAllocatesNothingPerMessage(ServerProvider provider) throws Exception {
    List<SocketChannel> clients = new ArrayList<>();
    try (Server server = provider.start(ServerConfig.onLoopback(), Services.UPPER)) {
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(SocketChannel.open(server.address()));
      }
      // C2 removes allocations of objects that do not escape, but only once it has compiled the
      // code.
      long least = Long.MAX_VALUE;
      for (int i = 0; i < 40 && least > ALLOWED; i++) {
        long before = allocatedBy(provider.card().name());
        converse(clients);
        least = Math.min(least, allocatedBy(provider.card().name()) - before);
      }
      assertThat(least).isLessThanOrEqualTo(ALLOWED);
    } finally {
      for (SocketChannel client : clients) {
        client.close();
      }
    }
  }

  private void converse(List<SocketChannel> clients) throws IOException {
    for (int i = 0; i < ROUNDS; i++) {
      for (SocketChannel client : clients) {
        client.write(message.clear());
      }
      for (SocketChannel client : clients) {
        message.clear();
        while (message.hasRemaining()) {
          assertThat(client.read(message)).isPositive();
        }
      }
    }
  }

  /** The bytes that the threads of a model have allocated so far. */
  private static long allocatedBy(String model) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith(model))
        .mapToLong(thread -> THREADS.getThreadAllocatedBytes(thread.threadId()))
        .sum();
  }
}
