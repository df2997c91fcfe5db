package iomodels.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import iomodels.server.Server;
import iomodels.server.ServerConfig;
import iomodels.server.spi.Availability;
import iomodels.service.Services;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class SignalDrivenServerTest {

  private static final int RLIMIT_SIGPENDING = 11;

  @BeforeEach
  void available() {
    Availability availability = new SignalDrivenProvider().availability();
    assumeThat(availability.here()).as(availability.reason()).isTrue();
  }

  /** With a queue of length 0 all signals but SIGIO are lost; with a short queue most are. */
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 20})
  void clientsAreServedIfSignalsAreLost(long room) throws Throwable {
    try (Server server = new SignalDrivenServer(ServerConfig.onLoopback(), Services.UPPER)) {
      long before = limitPendingSignals(room);
      try {
        Clients.converse(server.address(), 50, 40);
        Clients.pour(server.address(), 10_000_000);
      } finally {
        limitPendingSignals(before);
      }
      assertThat(server.terminated()).isNotDone();
    }
  }

  @Test
  void stopWakesTheLoopIfTheQueueIsFull() throws Throwable {
    Server server = new SignalDrivenServer(ServerConfig.onLoopback(), Services.UPPER);
    long before = limitPendingSignals(0);
    try {
      server.close();
    } finally {
      limitPendingSignals(before);
    }
    assertThat(server.terminated()).isCompleted();
  }

  /** A signal that reached another thread would end this JVM. Signals are pending as loops end. */
  @Test
  void noSignalReachesAnotherThread() throws Exception {
    ServerConfig config = ServerConfig.onLoopback().withGracePeriod(Duration.ofMillis(100));
    for (int i = 0; i < 20; i++) {
      Server server = new SignalDrivenServer(config, Services.UPPER);
      CompletableFuture<Void> chatter =
          CompletableFuture.runAsync(() -> chat(server), Thread::startVirtualThread);
      try (Socket client = Clients.connect(server.address())) {
        client.getOutputStream().write('a');
        assertThat(client.getInputStream().read()).isEqualTo('A');
        server.close();
        server.close();
      }
      chatter.join();
      assertThat(server.terminated()).isCompleted();
    }
  }

  private static void chat(Server server) {
    try (Socket client = Clients.connect(server.address())) {
      byte[] message = new byte[100];
      while (client.getInputStream().available() < 10_000_000) {
        client.getOutputStream().write(message);
      }
    } catch (IOException _) {
      // The server has ended.
    }
  }

  /** Sets the limit; returns the limit before. */
  private static long limitPendingSignals(long count) throws Throwable {
    MethodHandle getrlimit = Libc.function("getrlimit", JAVA_INT, JAVA_INT, ADDRESS);
    MethodHandle setrlimit = Libc.function("setrlimit", JAVA_INT, JAVA_INT, ADDRESS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limit = arena.allocate(JAVA_LONG, 2);
      assertThat((int) getrlimit.invokeExact(Libc.state(), RLIMIT_SIGPENDING, limit)).isZero();
      long before = limit.get(JAVA_LONG, 0);
      limit.set(JAVA_LONG, 0, count);
      assertThat((int) setrlimit.invokeExact(Libc.state(), RLIMIT_SIGPENDING, limit)).isZero();
      return before;
    }
  }
}
