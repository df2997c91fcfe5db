package iomodels.vertx;

import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetClient;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/**
 * A connection attempt that can be cancelled. {@link NetClient#connect} returns a Future, which
 * cannot, and to close the client closes only what is connected: a peer that does not answer would
 * cost a descriptor until the kernel gives up, after two minutes. So the channel is caught where
 * {@link NettyTransport} opens it.
 */
final class ConnectAttempt {

  /** The attempt that the event loop is about to open a channel for. */
  private static final ThreadLocal<ConnectAttempt> STARTING = new ThreadLocal<>();

  private final Future<NetSocketInternal> socket;
  private Optional<Channel> channel = Optional.empty();

  /** On an event loop, which then opens the channel within {@code connect}. */
  ConnectAttempt(NetClient client, InetSocketAddress to) {
    if (to.isUnresolved()) {
      socket = Future.failedFuture(new UnknownHostException(to.getHostString()));
      return;
    }
    STARTING.set(this);
    try {
      socket =
          client
              .connect(to.getPort(), to.getAddress().getHostAddress())
              .map(it -> (NetSocketInternal) it);
    } finally {
      STARTING.remove();
    }
  }

  static <C extends Channel> C opened(C channel) {
    ConnectAttempt attempt = STARTING.get();
    if (attempt != null) {
      attempt.channel = Optional.of(channel);
    }
    return channel;
  }

  Future<NetSocketInternal> socket() {
    return socket;
  }

  /** Has no effect once it is connected, or has failed. */
  @SuppressWarnings("FutureReturnValueIgnored") // the future of the socket fails
  void cancel() {
    if (!socket.isComplete()) {
      channel.ifPresent(Channel::close);
    }
  }
}
