package iomodels.vertx;

import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.net.NetClient;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/**
 * A connection attempt that can be cancelled. {@link NetClient#connect} returns a future, which
 * cannot be cancelled, and closing the client closes established connections only. If the peer does
 * not answer, the attempt would hold a descriptor until the kernel gives up, after two minutes. So
 * this class keeps the channel that {@link NettyTransport} opens for the attempt.
 *
 * <p>Thread: all methods must be called on the event loop that connects.
 */
public final class ConnectAttempt {

  /** The attempt for which this event loop is about to open a channel. */
  private static final ThreadLocal<ConnectAttempt> STARTING = new ThreadLocal<>();

  private final Future<DuplexSocket> socket;
  private Optional<Channel> channel = Optional.empty();

  /**
   * Starts to connect. Must be called on an event loop, which opens the channel during {@link
   * NetClient#connect}.
   */
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

  /** Assigns a new client channel to the attempt that opens it, and returns the channel. */
  static <C extends Channel> C opened(C channel) {
    ConnectAttempt attempt = STARTING.get();
    if (attempt != null) {
      attempt.channel = Optional.of(channel);
    }
    return channel;
  }

  /** Returns the connection. The future fails if the attempt fails or is cancelled. */
  public Future<DuplexSocket> socket() {
    return socket;
  }

  /** Cancels the attempt. Has no effect after it has succeeded or failed. */
  @SuppressWarnings("FutureReturnValueIgnored") // The future of the socket fails.
  public void cancel() {
    if (!socket.isComplete()) {
      channel.ifPresent(Channel::close);
    }
  }
}
