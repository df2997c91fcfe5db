package iomodels.lab.claims;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A client that holds its connection and says nothing for a while. */
final class SilentClient {

  static final int MILLIS = 300;

  private static final int PATIENCE_MILLIS = 30_000;

  private SilentClient() {}

  /** How long another client waits for its reply meanwhile, in ms, in each turn. */
  static List<Double> waitsBeside(InetSocketAddress server, int turns)
      throws IOException, InterruptedException {
    List<Double> waits = new ArrayList<>();
    for (int i = 0; i < turns; i++) {
      waits.add(waitBeside(server));
    }
    return waits;
  }

  private static double waitBeside(InetSocketAddress server)
      throws IOException, InterruptedException {
    CountDownLatch asked = new CountDownLatch(1);
    try (Socket silent = connect(server);
        Socket talking = connect(server)) {
      ask(silent); // so that it is being served
      Thread leaving = Thread.ofVirtual().start(() -> leaveWhenSilentLongEnough(silent, asked));
      long start = System.nanoTime();
      talking.getOutputStream().write('b');
      asked.countDown();
      if (talking.getInputStream().read() != 'B') {
        throw new IOException("a wrong reply");
      }
      double wait = (System.nanoTime() - start) / 1e6;
      leaving.join();
      return wait;
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
      // The server has gone, as the other client will find out.
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
      throw new IOException("a wrong reply");
    }
  }
}
