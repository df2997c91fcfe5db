package iomodels.lab.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class LoadGeneratorTest {

  private static final Duration ROUND = Duration.ofMillis(200);

  /** How a server answers one connection. */
  @FunctionalInterface
  private interface Conversation {
    void hold(Socket socket) throws IOException;
  }

  /** The plainest server there is: a thread per connection. */
  private static final class TestServer implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final Conversation conversation;

    TestServer(Conversation conversation) throws IOException {
      this.conversation = conversation;
      Thread.ofVirtual().start(this::accept);
    }

    private void accept() {
      try {
        while (true) {
          Socket socket = listener.accept();
          sockets.add(socket);
          Thread.ofVirtual().start(() -> serve(socket));
        }
      } catch (IOException _) {
        // Closed: the test is over.
      }
    }

    private void serve(Socket socket) {
      try (socket) {
        conversation.hold(socket);
      } catch (IOException _) {
        // The client has closed its connection.
      }
    }

    Load load(int connections, int messageBytes) {
      return Load.of(
              (InetSocketAddress) listener.getLocalSocketAddress(), connections, messageBytes)
          .withPatience(Duration.ofSeconds(20));
    }

    @Override
    public void close() throws IOException {
      listener.close();
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  private final LongAdder bytes = new LongAdder();

  private void upper(Socket socket) throws IOException {
    byte[] buffer = new byte[8192];
    int count;
    while ((count = socket.getInputStream().read(buffer)) > 0) {
      bytes.add(count);
      upper(buffer, count);
      socket.getOutputStream().write(buffer, 0, count);
    }
  }

  private static void upper(byte[] buffer, int count) {
    for (int i = 0; i < count; i++) {
      if (buffer[i] >= 'a' && buffer[i] <= 'z') {
        buffer[i] = (byte) (buffer[i] - 0x20);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "1, 1, 64", "20, 1, 64", "3, 4, 100", "3, 1, 200000", "2, 3, 70000"})
  void countsWhatTheServerAnswered(int connections, int inFlight, int messageBytes)
      throws Exception {
    try (TestServer server = new TestServer(this::upper);
        LoadGenerator generator =
            LoadGenerators.connect(server.load(connections, messageBytes).withInFlight(inFlight))) {
      long counted = 0;
      for (int i = 0; i < 3; i++) {
        LoadResult result = generator.round(ROUND);
        counted += result.messages();

        assertThat(result.messages()).isPositive();
        assertThat(result.messagesPerSecond()).isEqualTo(result.messages() / 0.2);
        assertThat(result.leastServedShare()).isBetween(0.0, 1.0);
        assertThat(result.latency().p50()).isPositive();
        assertThat(List.of(result.latency().p50(), result.latency().p90(), result.latency().p99()))
            .isSorted();
        assertThat(result.latency().max()).isGreaterThanOrEqualTo(result.latency().p99());
      }
      // Replies that came after the end of a round are not counted.
      long answered = bytes.sum() / messageBytes;
      assertThat(bytes.sum() % messageBytes).isZero();
      assertThat(answered).isBetween(counted, counted + 3L * connections * inFlight);
    }
  }

  @Test
  void anOpenLoopAsksAtItsRateAndNoFaster() throws Exception {
    try (TestServer server = new TestServer(this::upper);
        LoadGenerator generator = LoadGenerators.connect(server.load(5, 64).withRate(1_000))) {
      LoadResult result = generator.round(ROUND);

      assertThat(result.messages()).isBetween(1L, 200L);
      assertThat(bytes.sum()).isBetween(64L, 200L * 64);
      assertThat(result.latency().p999()).isBetween(result.latency().p99(), result.latency().max());
    }
  }

  @Test
  void whatASlowServerKeepsWaitingCountsFromWhenItWasDue() throws Exception {
    try (TestServer server =
            new TestServer(
                socket -> {
                  byte[] buffer = new byte[64];
                  while (socket.getInputStream().readNBytes(buffer, 0, 64) == 64) {
                    LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
                    upper(buffer, 64);
                    socket.getOutputStream().write(buffer);
                  }
                });
        LoadGenerator generator = LoadGenerators.connect(server.load(1, 64).withRate(1_000))) {
      LoadResult result = generator.round(ROUND);

      // Each was served within little more than 20 ms of being sent, but most were never sent.
      assertThat(result.messages()).isLessThanOrEqualTo(10);
      assertThat(result.latency().p50()).isGreaterThan(Duration.ofMillis(80));
    }
  }

  @Test
  void withoutCorrectionTheSameServerLooksQuick() throws Exception {
    try (TestServer server =
            new TestServer(
                socket -> {
                  byte[] buffer = new byte[64];
                  for (int i = 0; socket.getInputStream().readNBytes(buffer, 0, 64) == 64; i++) {
                    if (i == 2) { // It stops once, as for a collection.
                      LockSupport.parkNanos(Duration.ofMillis(150).toNanos());
                    }
                    upper(buffer, 64);
                    socket.getOutputStream().write(buffer);
                  }
                });
        LoadGenerator generator = LoadGenerators.connect(server.load(1, 64).withRate(1_000))) {
      LoadResult result = generator.round(ROUND);

      // One message was sent into the stop, and a hundred and more were due in it.
      long slow = Duration.ofMillis(20).toNanos();
      assertThat(result.histogram().getCountBetweenValues(slow, Long.MAX_VALUE / 2))
          .isGreaterThan(50);
      assertThat(result.uncorrected().orElseThrow().getValueAtPercentile(50))
          .isLessThan(result.histogram().getValueAtPercentile(50));
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "8, 64", "2, 200000"})
  void aConnectionForEachMessageIsClosedAfterItsReply(int lanes, int messageBytes)
      throws Exception {
    LongAdder conversations = new LongAdder();
    try (TestServer server =
            new TestServer(
                socket -> {
                  upper(socket);
                  conversations.increment(); // The client has ended it.
                });
        LoadGenerator generator =
            LoadGenerators.connect(server.load(lanes, messageBytes).withShape(Load.Shape.CHURN))) {
      LoadResult result = generator.round(ROUND);

      assertThat(result.messages()).isPositive();
      assertThat(bytes.sum()).isEqualTo(result.answered() * messageBytes);
      long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (conversations.sum() < result.answered() && System.nanoTime() < deadline) {
        Thread.onSpinWait();
      }
      // And the one that was opened to see whether the server is there.
      assertThat(conversations.sum()).isBetween(result.answered(), result.answered() + 1);
    }
  }

  @Test
  void anEarlyCloseIsAnErrorOfAShortConnectionAsWell() throws Exception {
    try (TestServer server =
            new TestServer(
                socket -> socket.getOutputStream().write(socket.getInputStream().read() - 0x20));
        LoadGenerator generator =
            LoadGenerators.connect(server.load(1, 2).withShape(Load.Shape.CHURN))) {
      assertThatExceptionOfType(LoadException.class)
          .isThrownBy(() -> generator.round(ROUND))
          .withMessageStartingWith("client 1 of 1: ");
    }
  }

  @Test
  void anObserverSeesWhatCameAndCanEndARound() throws Exception {
    LongAdder seen = new LongAdder();
    RoundObserver observer =
        new RoundObserver() {
          @Override
          public boolean shouldContinue() {
            return bytes.sum() < 64_000;
          }

          @Override
          public void intervalEnded(Interval interval) {
            seen.add(interval.latency().getTotalCount());
          }
        };
    try (TestServer server = new TestServer(this::upper);
        LoadGenerator generator = LoadGenerators.connect(server.load(2, 64))) {
      LoadResult result = generator.round(Duration.ofMinutes(10), observer);

      assertThat(result.duration()).isLessThan(Duration.ofMinutes(1));
      assertThat(seen.sum()).isEqualTo(result.answered());
      assertThat(result.histogram().getTotalCount()).isEqualTo(result.answered());
      assertThat(result.busy()).isBetween(0.0, 1.1);
    }
  }

  @Test
  void aWrongByteIsAnError() throws Exception {
    LongAdder messages = new LongAdder();
    assertFails(
        socket -> {
          byte[] buffer = new byte[64];
          while (socket.getInputStream().readNBytes(buffer, 0, 64) == 64) {
            upper(buffer, 64);
            messages.increment();
            buffer[17] ^= (byte) (messages.sum() == 10 ? 1 : 0);
            socket.getOutputStream().write(buffer);
          }
        },
        "connection 1 of 1: byte 17 of a reply is 0x");
  }

  @Test
  void aByteTooManyIsAnError() throws Exception {
    assertFails(
        socket -> {
          byte[] buffer = new byte[64];
          socket.getInputStream().readNBytes(buffer, 0, 64);
          upper(buffer, 64);
          socket.getOutputStream().write(buffer);
          socket.getOutputStream().write(new byte[1000]);
          socket.getInputStream().transferTo(OutputStream.nullOutputStream());
        },
        "connection 1 of 1: ");
  }

  @Test
  void anEarlyCloseIsAnError() throws Exception {
    assertFails(
        socket -> {
          byte[] buffer = socket.getInputStream().readNBytes(64);
          upper(buffer, 64);
          socket.getOutputStream().write(buffer, 0, 5);
        },
        "connection 1 of 1: the server closed the connection early, 5 of 64 bytes of a reply"
            + " received");
  }

  @Test
  void aResetIsAnError() throws Exception {
    assertFails(
        socket -> {
          socket.getInputStream().readNBytes(64);
          socket.setSoLinger(true, 0);
        },
        "connection 1 of 1: Connection reset, 0 of 64 bytes");
  }

  @Test
  void silenceIsAnErrorAndNeverAHang() throws Exception {
    try (TestServer server =
            new TestServer(
                socket -> socket.getInputStream().transferTo(OutputStream.nullOutputStream()));
        LoadGenerator generator =
            LoadGenerators.connect(server.load(2, 64).withPatience(Duration.ofMillis(300)))) {
      assertThatExceptionOfType(LoadException.class)
          .isThrownBy(() -> generator.round(ROUND))
          .withMessage(
              "connection 1 of 2: no answer within PT0.3S, 0 of 64 bytes of a reply received");
    }
  }

  @Test
  void refusalIsAnError() throws Exception {
    try (Socket taken = new Socket()) { // bound, but not listening
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      InetSocketAddress nowhere = (InetSocketAddress) taken.getLocalSocketAddress();
      assertThatExceptionOfType(LoadException.class)
          .isThrownBy(() -> LoadGenerators.connect(Load.of(nowhere, 3, 64)))
          .withMessageStartingWith("connection 1: " + nowhere)
          .withMessageContaining("refused");
    }
  }

  @Test
  void anInterruptEndsARound() throws Exception {
    try (TestServer server = new TestServer(this::upper);
        LoadGenerator generator = LoadGenerators.connect(server.load(2, 64))) {
      Thread caller = Thread.currentThread();
      Thread interrupting =
          Thread.ofVirtual()
              .start(
                  () -> {
                    while (bytes.sum() < 10_000) {
                      Thread.onSpinWait();
                    }
                    caller.interrupt();
                  });
      assertThatExceptionOfType(InterruptedException.class)
          .isThrownBy(() -> generator.round(Duration.ofMinutes(10)));
      assertThat(Thread.currentThread().isInterrupted()).isFalse();
      // interrupt() sets the flag first, and closes the channel that the thread is blocked on
      // later.
      interrupting.join();
    }
  }

  private static void assertFails(Conversation conversation, String message) throws Exception {
    try (TestServer server = new TestServer(conversation);
        LoadGenerator generator = LoadGenerators.connect(server.load(1, 64))) {
      assertThatExceptionOfType(LoadException.class)
          .isThrownBy(() -> generator.round(Duration.ofSeconds(20)))
          .withMessageStartingWith(message);
    }
  }
}
