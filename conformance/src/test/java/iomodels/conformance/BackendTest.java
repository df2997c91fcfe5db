package iomodels.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BackendTest {

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static Backend refusing() throws IOException {
    return Backend.refusing(PATIENCE, new Transcript(), "upstream", _ -> {});
  }

  @Test
  void refusesOrListensOnTheSamePort() throws Exception {
    try (Backend upstream = refusing()) {
      InetSocketAddress address = upstream.address();
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> SocketChannel.open(address)).isInstanceOf(ConnectException.class);
        upstream.startListening();
        try (SocketChannel _ = SocketChannel.open(address);
            Peer peer = upstream.accept()) {
          assertThat(peer).isNotNull();
        }
        upstream.stopListening();
        assertThat(upstream.address()).isEqualTo(address);
      }
    }
  }

  @Test
  void noOtherProcessGetsThePortMeanwhile() throws Exception {
    try (Backend upstream = refusing()) {
      InetSocketAddress address = upstream.address();
      AtomicBoolean done = new AtomicBoolean();
      AtomicInteger taken = new AtomicInteger();
      AtomicInteger tries = new AtomicInteger();
      Thread other =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!done.get()) {
                      taken.addAndGet(canBind(address) ? 1 : 0);
                      tries.incrementAndGet();
                    }
                  });
      try {
        for (int i = 0; i < 200 || tries.get() < 200; i++) {
          upstream.startListening();
          upstream.stopListening();
        }
      } finally {
        done.set(true);
        other.join();
      }
      assertThat(taken.get()).isZero();
    }
  }

  private static boolean canBind(InetSocketAddress address) {
    try (SocketChannel channel = SocketChannel.open()) {
      channel.bind(address);
      return true;
    } catch (BindException _) {
      return false;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
