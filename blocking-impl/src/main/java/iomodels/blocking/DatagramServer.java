package iomodels.blocking;

import static java.lang.System.Logger.Level.WARNING;

import iomodels.server.ServerConfig;
import iomodels.service.Responder;
import iomodels.service.Service;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;

/**
 * The UDP half of a blocking server: one thread, which blocks in {@code receive}. It needs its own
 * thread, since the acceptor of the TCP half blocks in {@code accept}. UDP has no connections, so
 * no state is kept between datagrams.
 *
 * <p>W. R. Stevens, <i>UNIX Network Programming</i>, volume 1, section 8.4.
 */
final class DatagramServer implements Closeable {

  private static final System.Logger LOG = System.getLogger(DatagramServer.class.getName());

  private final Optional<DatagramChannel> channel;
  private final CompletableFuture<Void> terminated;

  private DatagramServer(Optional<DatagramChannel> channel, CompletableFuture<Void> terminated) {
    this.channel = channel;
    this.terminated = terminated;
  }

  /**
   * Binds to the listener's address, and starts the thread. Does nothing if datagrams are disabled,
   * or the service does not support them.
   *
   * @param listener the TCP half of the server; it is closed when this half fails or ends
   * @param options socket options to enable before the socket is bound
   * @throws IOException if the port is in use, or the system has no thread left
   */
  @SafeVarargs
  static DatagramServer start(
      ServerConfig config,
      Service service,
      Listener listener,
      ThreadFactory threads,
      SocketOption<Boolean>... options)
      throws IOException {
    Optional<Responder> responder = config.datagrams() ? service.datagrams() : Optional.empty();
    if (responder.isEmpty()) {
      return new DatagramServer(Optional.empty(), CompletableFuture.completedFuture(null));
    }
    try {
      DatagramChannel channel = bind(listener.address(), options);
      CompletableFuture<Void> terminated =
          Threads.start(threads, () -> answer(channel, responder.get()), channel)
              .whenComplete((_, _) -> listener.close());
      return new DatagramServer(Optional.of(channel), terminated);
    } catch (Throwable e) {
      listener.close();
      throw e;
    }
  }

  @SafeVarargs
  private static DatagramChannel bind(InetSocketAddress address, SocketOption<Boolean>... options)
      throws IOException {
    DatagramChannel channel = DatagramChannel.open();
    try {
      for (SocketOption<Boolean> option : options) {
        channel.setOption(option, true);
      }
      Sockets.bind(channel, address);
      return channel;
    } catch (Throwable e) {
      channel.close();
      throw e;
    }
  }

  // tag::datagrams[]
  private static void answer(DatagramChannel channel, Responder responder) {
    ByteBuffer request = ByteBuffer.allocateDirect(Responder.MAX_DATAGRAM);
    ByteBuffer reply = ByteBuffer.allocateDirect(Responder.MAX_DATAGRAM);
    try (channel) {
      while (channel.isOpen()) {
        try {
          SocketAddress sender = channel.receive(request.clear());
          responder.reply(request.flip(), reply.clear());
          channel.send(reply.flip(), sender);
        } catch (IOException _) {
          // The reply could not be sent; or the channel is closed, and the loop ends.
        } catch (RuntimeException e) {
          LOG.log(WARNING, "A responder failed.", e);
        }
      }
    } catch (IOException _) {
      // It is already closed.
    }
  }

  // end::datagrams[]

  /** Registers an action that runs when the thread ends; ignored if there is no thread. */
  void onEnd(Runnable action) {
    if (channel.isPresent()) {
      var _ = terminated.whenComplete((_, _) -> action.run());
    }
  }

  /** Completes when the thread has ended; already completed if there is no thread. */
  CompletableFuture<Void> terminated() {
    return terminated.copy();
  }

  /** Ends the thread. */
  @Override
  public void close() {
    channel.ifPresent(Sockets::closeQuietly);
  }
}
