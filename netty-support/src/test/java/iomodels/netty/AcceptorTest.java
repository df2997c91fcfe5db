package iomodels.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.Channel;
import io.netty.channel.embedded.EmbeddedChannel;
import iomodels.netty.Acceptor.WhenExhausted;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AcceptorTest {

  /** More connections than may wait for their event loops. */
  private static final int MANY = 1_000;

  private static final int BACKLOG = 2;
  private static final Duration TIMEOUT = Duration.ofHours(1);

  private final List<Channel> seen = new ArrayList<>();
  private final Acceptor acceptor = new Acceptor(seen::add);
  private final EmbeddedChannel listener = new EmbeddedChannel();

  @BeforeEach
  void install() {
    assertThat(acceptor.install(listener)).isSameAs(listener);
    listener.freezeTime();
  }

  @AfterEach
  void close() {
    listener.finishAndReleaseAll();
  }

  /** Accepts a connection, whose event loop runs no task by itself. */
  private EmbeddedChannel accept() {
    EmbeddedChannel connection = new EmbeddedChannel();
    listener.writeInbound(connection);
    return connection;
  }

  private void runOutOfDescriptors() {
    listener.pipeline().fireExceptionCaught(new IOException("too many open files"));
  }

  private boolean accepts() {
    return listener.config().isAutoRead();
  }

  private void pass(int millis) {
    listener.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
    listener.runPendingTasks();
  }

  /** Passes more time than the stop waits between two checks. */
  private void check() {
    pass(5);
  }

  @Test
  void theServerGetsAConnectionBeforeTheFramework() {
    EmbeddedChannel connection = accept();
    assertThat(seen).containsExactly(connection);
    assertThat(listener.<Channel>readInbound()).isSameAs(connection);
  }

  @Test
  void acceptingPausesWhileEventLoopsAreBusy() {
    List<EmbeddedChannel> connections = new ArrayList<>();
    while (accepts() && connections.size() < MANY) {
      connections.add(accept());
    }
    assertThat(connections).hasSizeLessThan(MANY);

    connections.forEach(EmbeddedChannel::runPendingTasks);
    listener.runPendingTasks();
    assertThat(accepts()).isTrue();
  }

  @Test
  void withoutDescriptorsAcceptingResumesWhenAConnectionCloses() {
    EmbeddedChannel accepted = accept();
    runOutOfDescriptors();
    assertThat(accepts()).isFalse();

    accepted.close().syncUninterruptibly();
    listener.runPendingTasks();
    assertThat(accepts()).isTrue();
  }

  @Test
  void withoutDescriptorsAcceptingResumesAfterAWhile() {
    runOutOfDescriptors();
    runOutOfDescriptors();
    pass(90);
    assertThat(accepts()).isFalse();

    pass(20);
    assertThat(accepts()).isTrue();
  }

  @Test
  void withoutDescriptorsAcceptingStaysPausedWhileTooManyConnectionsWait() {
    List<EmbeddedChannel> connections = new ArrayList<>();
    while (accepts() && connections.size() < MANY) {
      connections.add(accept());
    }
    runOutOfDescriptors();
    pass(200);
    assertThat(accepts()).isFalse();
  }

  @Test
  void otherFailuresArePassedOn() {
    listener.pipeline().fireExceptionCaught(new IllegalStateException("a bug"));
    assertThat(accepts()).isTrue();
    assertThatThrownBy(listener::checkException).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aStopClosesTheListenerWhenTheQueueIsEmpty() {
    for (int i = 0; i <= BACKLOG; i++) { // Connections accepted before the stop do not count.
      accept().runPendingTasks();
    }
    CompletableFuture<Void> stopped = acceptor.stop(BACKLOG, TIMEOUT, WhenExhausted.CLOSE);
    listener.runPendingTasks();
    accept().runPendingTasks(); // One connection is still in the queue.
    check();
    assertThat(listener.isOpen()).isTrue();

    check();
    assertThat(listener.isOpen()).isFalse();
    assertThat(stopped).isCompleted();
  }

  @Test
  void aStopAcceptsNoMoreConnectionsThanTheQueueHolds() {
    CompletableFuture<Void> stopped = acceptor.stop(BACKLOG, TIMEOUT, WhenExhausted.CLOSE);
    listener.runPendingTasks();
    int accepted = 0;
    while (listener.isOpen() && accepted < MANY) {
      accept().runPendingTasks();
      accepted++;
      check();
    }
    assertThat(accepted).isEqualTo(BACKLOG + 1);
    assertThat(stopped).isCompleted();
  }

  @Test
  void aStopCompletesWhenAcceptedConnectionsAreRegistered() {
    EmbeddedChannel connection = accept();
    CompletableFuture<Void> stopped = acceptor.stop(BACKLOG, TIMEOUT, WhenExhausted.CLOSE);
    listener.runPendingTasks();
    check();
    check();
    assertThat(listener.isOpen()).isFalse();
    assertThat(stopped).isNotDone();

    connection.runPendingTasks();
    assertThat(stopped).isCompleted();
  }

  @Test
  void aStopWithWaitWaitsForDescriptors() {
    EmbeddedChannel accepted = accept();
    accepted.runPendingTasks();
    runOutOfDescriptors();
    CompletableFuture<Void> stopped = acceptor.stop(BACKLOG, TIMEOUT, WhenExhausted.WAIT);
    listener.runPendingTasks();
    check();
    check();
    assertThat(listener.isOpen()).isTrue();

    accepted.close().syncUninterruptibly();
    listener.runPendingTasks();
    assertThat(accepts()).isTrue();
    check();
    check();
    assertThat(listener.isOpen()).isFalse();
    assertThat(stopped).isCompleted();
  }

  @Test
  void aStopWithCloseClosesAtOnceWithoutDescriptors() {
    runOutOfDescriptors();
    CompletableFuture<Void> stopped = acceptor.stop(BACKLOG, TIMEOUT, WhenExhausted.CLOSE);
    listener.runPendingTasks();
    assertThat(listener.isOpen()).isFalse();
    assertThat(stopped).isCompleted();
  }

  @Test
  void aStopEndsAtItsTimeout() {
    accept(); // Its event loop is blocked.
    runOutOfDescriptors();
    Duration timeout = Duration.ofMillis(50);
    CompletableFuture<Void> stopped = acceptor.stop(BACKLOG, timeout, WhenExhausted.WAIT);
    listener.runPendingTasks();
    pass(40);
    assertThat(listener.isOpen()).isTrue();
    assertThat(stopped).isNotDone();

    pass(20);
    assertThat(listener.isOpen()).isFalse();
    assertThat(stopped).isCompleted();
  }

  @Test
  void aStopBeforeListeningCompletesAtOnce() {
    assertThat(new Acceptor().stop(BACKLOG, TIMEOUT, WhenExhausted.WAIT)).isCompleted();
  }
}
