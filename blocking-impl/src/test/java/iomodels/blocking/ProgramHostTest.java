package iomodels.blocking;

import static org.assertj.core.api.Assertions.assertThat;

import iomodels.program.ProgramConfig;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ProgramHostTest {

  private static final int CLIENTS = 300;

  /**
   * Time for which a conversation computes: too long to keep up with an acceptor that never waits.
   */
  private static final Duration WORK = Duration.ofMillis(2);

  @Test
  void theAcceptorLetsConversationsRunBetweenClients() throws Exception {
    CountDownLatch allConnected = new CountDownLatch(1);
    AtomicInteger open = new AtomicInteger();
    AtomicInteger mostOpen = new AtomicInteger();
    CountDownLatch served = new CountDownLatch(CLIENTS);
    ProgramHost.Factory factory =
        peer -> {
          awaitUninterruptibly(allConnected);
          mostOpen.accumulateAndGet(open.incrementAndGet(), Math::max);
          return new Work(peer, open, served);
        };
    List<SocketChannel> clients = new ArrayList<>();
    try (ProgramHost host = new ProgramHost(ProgramConfig.onLoopback(List.of()), factory)) {
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(SocketChannel.open(host.address()));
      }
      allConnected.countDown();
      served.await();
    } finally {
      for (SocketChannel client : clients) {
        client.close();
      }
    }
    assertThat(mostOpen.get()).isLessThan(CLIENTS / 2);
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException("the thread was interrupted", e);
    }
  }

  /** A conversation that computes, and so keeps its carrier thread. */
  private record Work(SocketChannel peer, AtomicInteger open, CountDownLatch served)
      implements ProgramHost.Conversation {

    @Override
    public void run() {
      long start = System.nanoTime();
      while (System.nanoTime() - start < WORK.toNanos()) {
        Thread.onSpinWait();
      }
      Sockets.closeQuietly(peer);
      open.decrementAndGet();
      served.countDown();
    }

    @Override
    public void endInput() {
      // There is no input.
    }

    @Override
    public void abort() {
      Sockets.closeQuietly(peer);
    }
  }
}
