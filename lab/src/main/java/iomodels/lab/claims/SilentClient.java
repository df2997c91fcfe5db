package iomodels.lab.claims;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A client that keeps its connection open and sends nothing for a while. */
final class SilentClient {

  static final int MILLIS = 300;

  private static final int PATIENCE_MILLIS = 30_000;

  private SilentClient() {}

  /**
   * Measures how long other clients, which all send at the same time, wait for their replies.
   *
   * @return milliseconds, in the order in which they connected; each closes after its reply
   */
  static List<Double> waitsBeside(InetSocketAddress server, int others)
      throws IOException, InterruptedException {
    CountDownLatch asked = new CountDownLatch(others);
    List<Socket> talking = new ArrayList<>();
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    try (Socket silent = connect(server)) {
      ask(silent); // Now the server is serving it.
      for (int i = 0; i < others; i++) {
        talking.add(connect(server));
      }
      Future<?> leaving = executor.submit(() -> leaveWhenSilentLongEnough(silent, asked));
      List<Future<Double>> waits =
          talking.stream().map(it -> executor.submit(() -> timed(it, asked))).toList();
      List<Double> millis = new ArrayList<>();
      for (Future<Double> wait : waits) {
        millis.add(wait.get());
      }
      leaving.get();
      return millis;
    } catch (ExecutionException e) {
      throw new IOException(e.getMessage(), e);
    } finally {
      executor.shutdownNow();
      for (Socket socket : talking) {
        socket.close();
      }
    }
  }

  private static double timed(Socket socket, CountDownLatch asked) throws IOException {
    try (socket) {
      long start = System.nanoTime();
      try {
        socket.getOutputStream().write('b');
      } finally {
        asked.countDown();
      }
      if (socket.getInputStream().read() != 'B') {
        throw new IOException("wrong reply");
      }
      return (System.nanoTime() - start) / 1e6;
    }
  }

  private static void leaveWhenSilentLongEnough(Socket silent, CountDownLatch asked) {
    try (silent) {
      asked.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MILLIS);
      while (System.nanoTime() - until < 0) {
        LockSupport.parkNanos(until - System.nanoTime());
      }
    } catch (IOException _) {
      // The server has ended; the other client reports it.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static Socket connect(InetSocketAddress server) throws IOException {
    Socket socket = new Socket();
    try {
      socket.connect(server, PATIENCE_MILLIS);
      socket.setSoTimeout(PATIENCE_MILLIS);
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private static void ask(Socket socket) throws IOException {
    socket.getOutputStream().write('a');
    if (socket.getInputStream().read() != 'A') {
      throw new IOException("wrong reply");
    }
  }
}
