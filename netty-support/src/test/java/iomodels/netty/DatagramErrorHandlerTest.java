package iomodels.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class DatagramErrorHandlerTest {

  /** The framework's handlers come after this one, and would treat the failure as the end. */
  @Test
  void aFailedDatagramIsNotPassedOn() {
    EmbeddedChannel channel = new EmbeddedChannel(new DatagramErrorHandler());
    channel.pipeline().fireExceptionCaught(new IOException("connection refused"));
    assertThatCode(channel::checkException).doesNotThrowAnyException();
    assertThat(channel.isOpen()).isTrue();
    channel.finishAndReleaseAll();
  }
}
