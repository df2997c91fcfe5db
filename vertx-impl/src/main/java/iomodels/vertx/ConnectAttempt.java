package iomodels.vertx;

import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.net.NetClient;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/**
 * A connection attempt that can be cancelled. {@link NetClient#connect} returns a future, which
 * cannot be cancelled, and closing the client closes only established connections: a peer that does
 * not answer would cost a descriptor until the kernel gives up, after two minutes. So this class
 * gets hold of the channel where {@link NettyTransport} opens it.
 *
 * <p>Thread: all methods are for the event loop that connects.
 */
public final class ConnectAttempt {

  /** The attempt for which this event loop is about to open a channel. */
  private static final ThreadLocal<ConnectAttempt> STARTING = new ThreadLocal<>();

  private final Future<DuplexSocket> socket;
  private Optional<Channel> channel = Optional.empty();

  /** Connects; on an event loop, which opens the channel within {@link NetClient#connect}. */
  public ConnectAttempt(NetClient client, InetSocketAddress to) {
    if (to.isUnresolved()) {
      socket = Future.failedFuture(new UnknownHostException(to.getHostString()));
      return;
    }
    STARTING.set(this);
    try {
      socket = client.connect(to.getPort(), to.getAddress().getHostAddress()).map(DuplexSocket::of);
    } finally {
      STARTING.remove();
    }
  }

  /** Is called with each channel that is opened to connect with, and returns it. */
  static <C extends Channel> C opened(C channel) {
    ConnectAttempt attempt = STARTING.get();
    if (attempt != null) {
      attempt.channel = Optional.of(channel);
    }
    return channel;
  }

  /** The connection; it fails if the attempt fails, or is cancelled. */
  public Future<DuplexSocket> socket() {
    return socket;
  }

  /** Ends the attempt. Has no effect once it has succeeded or failed. */
  @SuppressWarnings("FutureReturnValueIgnored") // The future of the socket fails.
  public void cancel() {
    if (!socket.isComplete()) {
      channel.ifPresent(Channel::close);
    }
  }
}
