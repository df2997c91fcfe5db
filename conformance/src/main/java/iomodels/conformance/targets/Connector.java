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
 * Connects to a host that has several addresses, as RFC 8305 ("Happy Eyeballs") would: to each in
 * turn, to the next one as soon as an attempt has failed or has taken 250 ms, and the first
 * connection wins. So a host whose first address is dead, or is of a protocol that does not work
 * here, is reached by its second.
 */
public final class Connector {

  private static final long STAGGER_MILLIS = 250;

  private Connector() {}

  /**
   * Connects.
   *
   * @param addresses at least one
   * @param patience for each of them
   * @throws IOException if none answers: why the first did not
   */
  public static Socket connect(List<InetSocketAddress> addresses, Duration patience)
      throws IOException, InterruptedException {
    List<Socket> sockets = Stream.generate(Socket::new).limit(addresses.size()).toList();
    @Nullable Socket winner = null;
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      try {
        winner = race(addresses, sockets, patience, new ExecutorCompletionService<>(executor));
        return winner;
      } finally {
        closeAllBut(winner, sockets); // Ends the attempts that the executor waits for.
      }
    }
  }

  private static Socket race(
      List<InetSocketAddress> addresses,
      List<Socket> sockets,
      Duration patience,
      ExecutorCompletionService<Socket> attempts)
      throws IOException, InterruptedException {
    List<Future<Socket>> started = new ArrayList<>();
    int failed = 0;
    while (failed < addresses.size()) {
      int next = started.size();
      if (next < addresses.size()) {
        started.add(
            attempts.submit(() -> connect(sockets.get(next), addresses.get(next), patience)));
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

  private static Socket connect(Socket socket, InetSocketAddress address, Duration patience)
      throws IOException {
    socket.connect(address, Math.toIntExact(patience.toMillis()));
    // On loopback, a port of the ephemeral range can meet itself: TCP's simultaneous open.
    if (socket.getLocalSocketAddress().equals(socket.getRemoteSocketAddress())) {
      throw new ConnectException("nothing but this client is there");
    }
    return socket;
  }

  private static IOException failure(Future<Socket> attempt) {
    Throwable cause = attempt.exceptionNow();
    return cause instanceof IOException failure ? failure : new IOException(cause);
  }

  /**
   * The address to use of a host that has several: the first that answers, or the first of all if
   * none does. One that has no choice is not asked.
   */
  public static InetSocketAddress firstThatAnswers(
      List<InetSocketAddress> addresses, Duration patience) throws InterruptedException {
    if (addresses.size() == 1) {
      return addresses.getFirst();
    }
    try (Socket socket = connect(addresses, patience)) {
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
          // There is nothing left to save.
        }
      }
    }
  }
}
