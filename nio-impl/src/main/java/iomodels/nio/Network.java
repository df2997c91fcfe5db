package iomodels.nio;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.concurrent.CompletableFuture;

/**
 * Reports as an {@link IOException} what the platform throws unchecked although the machine is the
 * cause: it has no such address family, or no more threads.
 */
final class Network {

  private Network() {}

  /** A call that takes an address, such as {@code bind} or {@code connect}. */
  @FunctionalInterface
  interface Operation<T> {
    T apply(InetSocketAddress address) throws IOException;
  }

  /** Performs a call that takes an address. Without IPv6, NIO refuses an IPv6 address unchecked. */
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

  /** Closes what may be closed already, or reset by its peer. */
  static void closeQuietly(Closeable closeable) {
    try {
      closeable.close();
    } catch (IOException _) {
      // There is nothing left to close.
    }
  }

  /** Closes a socket with RST in place of FIN: what its peer has received is not the whole. */
  static void reset(SocketChannel channel) {
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

  /**
   * Starts a thread.
   *
   * @return completes when the thread has ended, exceptionally if the task threw
   * @throws IOException if the system provides no more threads
   */
  static CompletableFuture<Void> startThread(String name, Runnable task) throws IOException {
    try {
      return CompletableFuture.runAsync(task, it -> Thread.ofPlatform().name(name).start(it));
    } catch (OutOfMemoryError e) { // "unable to create native thread": the heap is not involved.
      throw noThread(name, e);
    }
  }

  /** The failure of a server that cannot have the threads that it needs. */
  static IOException noThread(String name, OutOfMemoryError cause) {
    return new IOException(
        "no thread for %s: %s; raise the limit (ulimit -u)".formatted(name, cause.getMessage()),
        cause);
  }
}
