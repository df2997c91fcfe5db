package iomodels.nio;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.concurrent.CompletableFuture;

/**
 * Operations of channels and threads, with every failure whose cause is the machine reported as an
 * {@link IOException}. The platform throws two of them unchecked: there is no such address family,
 * and there are no more threads.
 */
public final class Network {

  private Network() {}

  /** A call that takes an address, such as {@code bind} or {@code connect}. */
  @FunctionalInterface
  public interface Operation<T> {
    T apply(InetSocketAddress address) throws IOException;
  }

  /** Performs a call that takes an address. Without IPv6, NIO refuses an IPv6 address unchecked. */
  public static <T> T with(InetSocketAddress address, Operation<T> operation) throws IOException {
    try {
      return operation.apply(address);
    } catch (UnresolvedAddressException e) {
      throw failure("unknown host %s; check its name".formatted(address.getHostString()), e);
    } catch (UnsupportedAddressTypeException e) {
      String host = address.getAddress().getHostAddress();
      throw failure("IPv6 is not available for %s; choose an IPv4 address".formatted(host), e);
    }
  }

  /** Makes a listening socket non-blocking, binds it, and listens; returns the real address. */
  static InetSocketAddress listen(
      ServerSocketChannel channel, InetSocketAddress address, int backlog) throws IOException {
    channel.setOption(StandardSocketOptions.SO_REUSEADDR, true).configureBlocking(false);
    with(address, it -> channel.bind(it, backlog));
    return (InetSocketAddress) channel.getLocalAddress();
  }

  /**
   * Makes a channel non-blocking, and registers it.
   *
   * @param turn attached to the key: what the loop runs when the channel is ready
   */
  public static SelectionKey register(
      Selector selector, SelectableChannel channel, int operations, Runnable turn)
      throws IOException {
    return channel.configureBlocking(false).register(selector, operations, turn);
  }

  /** Closes what may be closed already, or reset by its peer. */
  public static void closeQuietly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException _) {
      // There is nothing left to close.
    }
  }

  /** Closes a socket with RST in place of FIN: what its peer has received is not the whole. */
  public static void reset(SocketChannel channel) {
    try (channel) {
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    } catch (IOException _) {
      // It is closed already.
    }
  }

  private static SocketException failure(String message, Exception cause) {
    SocketException failure = new SocketException(message);
    failure.initCause(cause);
    return failure;
  }

  /** What a thread does. */
  @FunctionalInterface
  public interface Task {
    void run() throws IOException;
  }

  /**
   * Starts a thread.
   *
   * @return completes when the thread has ended, exceptionally if the task threw
   * @throws IOException if the system provides no more threads
   */
  public static CompletableFuture<Void> startThread(String name, Task task) throws IOException {
    try {
      return CompletableFuture.runAsync(
          () -> run(task), it -> Thread.ofPlatform().name(name).start(it));
    } catch (OutOfMemoryError e) { // "unable to create native thread": the heap is not involved.
      throw noThread(name, e);
    }
  }

  private static void run(Task task) {
    try {
      task.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Opens a channel group with one thread.
   *
   * @throws IOException if the system provides no more threads
   */
  static AsynchronousChannelGroup openGroup(String name) throws IOException {
    try {
      return AsynchronousChannelGroup.withFixedThreadPool(
          1, Thread.ofPlatform().name(name).factory());
    } catch (OutOfMemoryError e) {
      throw noThread(name, e);
    }
  }

  /** The failure of a server that cannot have the threads that it needs. */
  public static IOException noThread(String name, OutOfMemoryError cause) {
    return new IOException(
        "no thread for %s: %s; raise the limit (ulimit -u)".formatted(name, cause.getMessage()),
        cause);
  }
}
