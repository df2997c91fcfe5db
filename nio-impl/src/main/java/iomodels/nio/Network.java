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
 * Operations on channels and threads that report each failure of the environment as an {@link
 * IOException}. The platform throws unchecked exceptions or errors for two of them: an address
 * family that is not available, and a lack of threads.
 */
final class Network {

  private Network() {}

  /** A call that takes an address, such as {@code bind} or {@code connect}. */
  @FunctionalInterface
  interface Operation<T> {
    T apply(InetSocketAddress address) throws IOException;
  }

  /** Performs a call that takes an address, and converts unchecked exceptions to IOExceptions. */
  static <T> T with(InetSocketAddress address, Operation<T> operation) throws IOException {
    try {
      return operation.apply(address);
    } catch (UnresolvedAddressException e) {
      throw failure("unknown host %s; check its name".formatted(address.getHostString()), e);
    } catch (UnsupportedAddressTypeException e) {
      String host = address.getAddress().getHostAddress();
      throw failure("IPv6 is not available for %s; choose an IPv4 address".formatted(host), e);
    }
  }

  /** Makes a listening socket non-blocking, binds it, and listens; returns the actual address. */
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
  static SelectionKey register(
      Selector selector, SelectableChannel channel, int operations, Runnable turn)
      throws IOException {
    return channel.configureBlocking(false).register(selector, operations, turn);
  }

  /** Closes or shuts down a channel; ignores an error. */
  static void closeQuietly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException _) {
      // The channel is already closed, or its peer has reset it.
    }
  }

  /** Closes a socket with RST instead of FIN, so that its peer knows that data is missing. */
  static void reset(SocketChannel channel) {
    try (channel) {
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    } catch (IOException _) {
      // It is already closed.
    }
  }

  private static SocketException failure(String message, Exception cause) {
    SocketException failure = new SocketException(message);
    failure.initCause(cause);
    return failure;
  }

  /** The task of a thread. */
  @FunctionalInterface
  interface Task {
    void run() throws IOException;
  }

  /**
   * Starts a thread.
   *
   * @return completes when the thread has ended, exceptionally if the task threw
   * @throws IOException if the system has no thread left
   */
  static CompletableFuture<Void> startThread(String name, Task task) throws IOException {
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
   * @throws IOException if the system has no thread left
   */
  static AsynchronousChannelGroup openGroup(String name) throws IOException {
    try {
      return AsynchronousChannelGroup.withFixedThreadPool(
          1, Thread.ofPlatform().name(name).factory());
    } catch (OutOfMemoryError e) {
      throw noThread(name, e);
    }
  }

  /** Converts an error whose message mentions only memory to an exception that names the remedy. */
  static IOException noThread(String name, OutOfMemoryError cause) {
    return new IOException(
        "no thread for %s: %s; raise the limit (ulimit -u)".formatted(name, cause.getMessage()),
        cause);
  }
}
