package iomodels.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.Channel;
import iomodels.netty.Transports;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.resources.LoopResources;
import reactor.netty.udp.UdpServer;

/** Tests that the stream of datagrams continues after a failure that Netty reports. */
@Timeout(60)
class DatagramFailuresTest {

  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  /**
   * Reports a failure, then sends a datagram. The future completes with the length of the datagram,
   * or fails if the stream has failed.
   */
  private static CompletableFuture<Integer> receivedAfterFailure(LoopResources loops)
      throws Exception {
    CountDownLatch subscribed = new CountDownLatch(1);
    CompletableFuture<Integer> received = new CompletableFuture<>();
    // tag::failure[]
    Connection server =
        UdpServer.create()
            .runOn(loops)
            .bindAddress(() -> new InetSocketAddress(LOOPBACK, 0))
            .handle(
                (inbound, _) ->
                    inbound
                        .receive()
                        .doOnSubscribe(_ -> subscribed.countDown())
                        .doOnNext(datagram -> received.complete(datagram.readableBytes()))
                        .doOnError(received::completeExceptionally)
                        .then(Mono.never()))
            .bindNow();
    SocketAddress address = server.channel().localAddress();
    try (DatagramSocket socket = new DatagramSocket(0, LOOPBACK)) {
      subscribed.await();
      Channel channel = server.channel();
      channel
          .eventLoop()
          .submit(() -> channel.pipeline().fireExceptionCaught(new IOException("unreachable")))
          .syncUninterruptibly(); // Waits: an event loop reads before it runs tasks.
      socket.send(new DatagramPacket(new byte[3], 3, address));
      // end::failure[]
      received.handle((_, _) -> true).join();
    } finally {
      server.disposeNow();
    }
    return received;
  }

  @Test
  void theStreamContinues() throws Exception {
    Loops loops = Loops.of(Transports.best(), 1);
    try {
      assertThat(receivedAfterFailure(loops)).isCompletedWithValue(3);
    } finally {
      loops.end();
    }
  }

  /** Fails when Reactor Netty has fixed the fault; then delete the handler of such failures. */
  @Test
  void reactorNettyStillEndsTheStream() throws Exception {
    LoopResources loops = LoopResources.create("plain", 1, true);
    try {
      CompletableFuture<Integer> received = receivedAfterFailure(loops);
      assertThatThrownBy(received::join)
          .isInstanceOf(CompletionException.class)
          .hasCauseInstanceOf(IOException.class);
    } finally {
      loops.disposeLater(Duration.ZERO, Duration.ofSeconds(5)).block();
    }
  }
}
