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

  /** More than may wait for their event loop. */
  private static final int MANY = 1_000;

  private static final int BACKLOG = 2;
  private static final Duration PATIENCE = Duration.ofHours(1);

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

  /** The event loop of a connection runs no task by itself. */
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

  /** Longer than the stop waits between two checks. */
  private void check() {
    pass(5);
  }

  @Test
  void theServerSeesAConnectionBeforeTheFrameworkDoes() {
    EmbeddedChannel connection = accept();
    assertThat(seen).containsExactly(connection);
    assertThat(listener.<Channel>readInbound()).isSameAs(connection);
  }

  @Test
  void acceptingPausesWhileTheEventLoopsOfTheConnectionsAreBusy() {
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
  void outOfDescriptorsAcceptingGoesOnWhenAConnectionCloses() {
    EmbeddedChannel accepted = accept();
    runOutOfDescriptors();
    assertThat(accepts()).isFalse();

    accepted.close().syncUninterruptibly();
    listener.runPendingTasks();
    assertThat(accepts()).isTrue();
  }

  @Test
  void outOfDescriptorsAcceptingGoesOnAfterAWhile() {
    runOutOfDescriptors();
    runOutOfDescriptors();
    pass(90);
    assertThat(accepts()).isFalse();

    pass(20);
    assertThat(accepts()).isTrue();
  }

  @Test
  void outOfDescriptorsAcceptingStaysPausedWhileTooManyConnectionsWait() {
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
  void aStopClosesWhenNoMoreConnectionsCome() {
    for (int i = 0; i <= BACKLOG; i++) { // What was accepted before the stop does not count.
      accept().runPendingTasks();
    }
    CompletableFuture<Void> stopped = acceptor.stop(BACKLOG, PATIENCE, WhenExhausted.CLOSE);
    listener.runPendingTasks();
    accept().runPendingTasks(); // One is still found in the queue.
    check();
    assertThat(listener.isOpen()).isTrue();

    check();
    assertThat(listener.isOpen()).isFalse();
    assertThat(stopped).isCompleted();
  }

  @Test
  void aStopClosesAfterAsManyConnectionsAsTheQueueHolds() {
    CompletableFuture<Void> stopped = acceptor.stop(BACKLOG, PATIENCE, WhenExhausted.CLOSE);
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
  void aStopIsCompleteWhenAcceptedConnectionsAreRegistered() {
    EmbeddedChannel connection = accept();
    CompletableFuture<Void> stopped = acceptor.stop(BACKLOG, PATIENCE, WhenExhausted.CLOSE);
    listener.runPendingTasks();
    check();
    check();
    assertThat(listener.isOpen()).isFalse();
    assertThat(stopped).isNotDone();

    connection.runPendingTasks();
    assertThat(stopped).isCompleted();
  }

  @Test
  void aStopWaitsForDescriptorsIfItIsToldTo() {
    EmbeddedChannel accepted = accept();
    accepted.runPendingTasks();
    runOutOfDescriptors();
    CompletableFuture<Void> stopped = acceptor.stop(BACKLOG, PATIENCE, WhenExhausted.WAIT);
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
  void aStopWithoutDescriptorsClosesAtOnceIfItIsToldTo() {
    runOutOfDescriptors();
    CompletableFuture<Void> stopped = acceptor.stop(BACKLOG, PATIENCE, WhenExhausted.CLOSE);
    listener.runPendingTasks();
    assertThat(listener.isOpen()).isFalse();
    assertThat(stopped).isCompleted();
  }

  @Test
  void aStopEndsWithItsPatience() {
    accept(); // Its event loop is stuck.
    runOutOfDescriptors();
    Duration patience = Duration.ofMillis(50);
    CompletableFuture<Void> stopped = acceptor.stop(BACKLOG, patience, WhenExhausted.WAIT);
    listener.runPendingTasks();
    pass(40);
    assertThat(listener.isOpen()).isTrue();
    assertThat(stopped).isNotDone();

    pass(20);
    assertThat(listener.isOpen()).isFalse();
    assertThat(stopped).isCompleted();
  }

  @Test
  void aStopOfAServerThatNeverListenedIsCompleteAtOnce() {
    assertThat(new Acceptor().stop(BACKLOG, PATIENCE, WhenExhausted.WAIT)).isCompleted();
  }
}
