package iomodels.conformance.targets;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Connects to a host that has several addresses, as in RFC 8305 ("Happy Eyeballs"). It tries one
 * address after the other, and starts the next attempt when one has failed or has taken 250 ms. The
 * first connection wins. So an unreachable first address does not make the host unreachable.
 */
public final class Connector {

  private static final long STAGGER_MILLIS = 250;

  private Connector() {}

  /**
   * Connects.
   *
   * @param addresses at least one address
   * @param timeout the time limit of each attempt
   * @throws IOException the failure of the first attempt, if all fail
   */
  public static Socket connect(List<InetSocketAddress> addresses, Duration timeout)
      throws IOException, InterruptedException {
    List<Socket> sockets = Stream.generate(Socket::new).limit(addresses.size()).toList();
    @Nullable Socket winner = null;
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      try {
        winner = race(addresses, sockets, timeout, new ExecutorCompletionService<>(executor));
        return winner;
      } finally {
        closeAllBut(winner, sockets); // Ends the attempts that the executor waits for.
      }
    }
  }

  private static Socket race(
      List<InetSocketAddress> addresses,
      List<Socket> sockets,
      Duration timeout,
      ExecutorCompletionService<Socket> attempts)
      throws IOException, InterruptedException {
    List<Future<Socket>> started = new ArrayList<>();
    int failed = 0;
    while (failed < addresses.size()) {
      int next = started.size();
      if (next < addresses.size()) {
        started.add(
            attempts.submit(() -> connect(sockets.get(next), addresses.get(next), timeout)));
      }
      Future<Socket> ended =
          started.size() < addresses.size()
              ? attempts.poll(STAGGER_MILLIS, TimeUnit.MILLISECONDS)
              : attempts.take();
      if (ended != null && ended.state() == Future.State.SUCCESS) {
        return ended.resultNow();
      }
      failed += ended == null ? 0 : 1;
    }
    throw failure(started.getFirst());
  }

  private static Socket connect(Socket socket, InetSocketAddress address, Duration timeout)
      throws IOException {
    socket.connect(address, Math.toIntExact(timeout.toMillis()));
    // On loopback, a socket can connect to itself (simultaneous open) on an ephemeral port.
    if (socket.getLocalSocketAddress().equals(socket.getRemoteSocketAddress())) {
      throw new ConnectException("nothing listens there");
    }
    return socket;
  }

  private static IOException failure(Future<Socket> attempt) {
    Throwable cause = attempt.exceptionNow();
    return cause instanceof IOException failure ? failure : new IOException(cause);
  }

  /**
   * Returns the first address that answers, or the first of all if none does. Does not connect if
   * there is only one address.
   */
  public static InetSocketAddress firstThatAnswers(
      List<InetSocketAddress> addresses, Duration timeout) throws InterruptedException {
    if (addresses.size() == 1) {
      return addresses.getFirst();
    }
    try (Socket socket = connect(addresses, timeout)) {
      return addresses.stream()
          .filter(it -> it.getAddress().equals(socket.getInetAddress()))
          .findFirst()
          .orElseThrow();
    } catch (IOException _) {
      return addresses.getFirst();
    }
  }

  private static void closeAllBut(@Nullable Socket winner, List<Socket> sockets) {
    for (Socket socket : sockets) {
      if (!socket.equals(winner)) {
        try {
          socket.close();
        } catch (IOException _) {
          // The socket is not used any more.
        }
      }
    }
  }
}
