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
 * A page allocates nothing for a message, or the collector would be a part of every measurement.
 */
@Timeout(120)
class AllocationTest {

  private static final int CLIENTS = 300;

  private static final int ROUNDS = 200;

  /**
   * The selector's own: it looks up each key that is ready by an {@code Integer}, which is made
   * anew for a descriptor beyond 127. A page that made as much as that itself would exceed it.
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
  void aLoopAllocatesNothingOfItsOwnPerMessage(ServerProvider provider) throws Exception {
    List<SocketChannel> clients = new ArrayList<>();
    try (Server server = provider.start(ServerConfig.onLoopback(), Services.UPPER)) {
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(SocketChannel.open(server.address()));
      }
      // The compiler takes what can be seen not to escape off the heap, when it comes to it.
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

  /** So far, by the threads of that model. */
  private static long allocatedBy(String model) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith(model))
        .mapToLong(thread -> THREADS.getThreadAllocatedBytes(thread.threadId()))
        .sum();
  }
}
