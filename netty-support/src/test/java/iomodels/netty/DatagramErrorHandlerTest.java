package iomodels.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class DatagramErrorHandlerTest {

  /** The framework, which would take it for the end of all datagrams, comes after this handler. */
  @Test
  void aFailedDatagramIsNotPassedOn() {
    EmbeddedChannel channel = new EmbeddedChannel(new DatagramErrorHandler());
    channel.pipeline().fireExceptionCaught(new IOException("connection refused"));
    assertThatCode(channel::checkException).doesNotThrowAnyException();
    assertThat(channel.isOpen()).isTrue();
    channel.finishAndReleaseAll();
  }
}
