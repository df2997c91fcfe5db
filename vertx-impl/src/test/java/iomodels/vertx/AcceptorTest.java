package iomodels.vertx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AcceptorTest {

  /** More than may wait for their event loop. */
  private static final int MANY = 1_000;

  private final EmbeddedChannel listener = new EmbeddedChannel(new Acceptor());

  @AfterEach
  void close() {
    listener.finishAndReleaseAll();
  }

  @Test
  void acceptingPausesWhileTheEventLoopsOfTheConnectionsAreBusy() {
    List<EmbeddedChannel> connections = new ArrayList<>();
    while (listener.config().isAutoRead() && connections.size() < MANY) {
      EmbeddedChannel connection = new EmbeddedChannel(); // Its loop runs no task by itself.
      connections.add(connection);
      listener.writeInbound(connection);
    }
    assertThat(connections).hasSizeLessThan(MANY);

    connections.forEach(EmbeddedChannel::runPendingTasks);
    listener.runPendingTasks();
    assertThat(listener.config().isAutoRead()).isTrue();
  }

  @Test
  void outOfDescriptorsAcceptingGoesOnWhenAConnectionCloses() {
    EmbeddedChannel accepted = new EmbeddedChannel();
    listener.writeInbound(accepted);
    listener.pipeline().fireExceptionCaught(new IOException("too many open files"));
    assertThat(listener.config().isAutoRead()).isFalse();

    accepted.close().syncUninterruptibly();
    listener.runPendingTasks();
    assertThat(listener.config().isAutoRead()).isTrue();
  }

  @Test
  void otherFailuresArePassedOn() {
    listener.pipeline().fireExceptionCaught(new IllegalStateException("a bug"));
    assertThat(listener.config().isAutoRead()).isTrue();
    assertThatThrownBy(listener::checkException).isInstanceOf(IllegalStateException.class);
  }
}
