package iomodels.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CloseWhenIdleTest {

  private final AtomicBoolean mayClose = new AtomicBoolean(true);
  private final EmbeddedChannel channel = new EmbeddedChannel();

  @BeforeEach
  void install() {
    channel.freezeTime();
    channel.pipeline().addFirst(new CloseWhenIdle(mayClose::get));
  }

  @AfterEach
  void close() {
    channel.finishAndReleaseAll();
  }

  @Test
  void closesAtTheFourthCheckInARow() {
    check(3);
    assertThat(channel.isOpen()).isTrue();
    check(1);
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void inputStartsTheCountAnew() {
    check(3);
    channel.writeInbound("more");
    check(3);
    assertThat(channel.isOpen()).isTrue();
    check(1);
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void aReplyOnItsWayStartsTheCountAnew() {
    check(3);
    mayClose.set(false);
    check(10);
    mayClose.set(true);
    check(3);
    assertThat(channel.isOpen()).isTrue();
    check(1);
    assertThat(channel.isOpen()).isFalse();
  }

  private void check(int times) {
    for (int i = 0; i < times; i++) {
      channel.advanceTimeBy(25, TimeUnit.MILLISECONDS);
      channel.runScheduledPendingTasks();
    }
  }
}
