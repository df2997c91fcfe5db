package iomodels.lab.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoundRunnerTest {

  @Test
  void anErrorWhileOpeningClosesWhatIsOpen() throws Exception {
    List<SocketChannel> opened = new ArrayList<>();
    List<RoundRunner> runners = new ArrayList<>();
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      InetSocketAddress address = (InetSocketAddress) listener.getLocalSocketAddress();
      assertThatThrownBy(
              () ->
                  RoundRunner.open(
                      Load.of(address, 1, 1),
                      _ -> {},
                      runner -> {
                        runners.add(runner);
                        opened.add(connect(address));
                        runner.loop.watch(opened.getFirst(), "");
                        throw new OutOfMemoryError("for this test");
                      }))
          .isInstanceOf(OutOfMemoryError.class);
    }

    assertThat(opened).singleElement().satisfies(it -> assertThat(it.isOpen()).isFalse());
    assertThat(runners.getFirst().loop.selector.isOpen()).isFalse();
  }

  private static SocketChannel connect(InetSocketAddress address) throws LoadException {
    try {
      SocketChannel channel = SocketChannel.open(address);
      channel.configureBlocking(false);
      return channel;
    } catch (IOException e) {
      throw new LoadException("cannot connect", e);
    }
  }
}
