package iomodels.lab;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Many clients who have been served once, and then hold their connection and say no more. A server
 * of {@code upper} that has not spoken with a client may not have given it anything yet.
 *
 * <p>They come from several loopback addresses, each of which has ports of its own. For use by one
 * thread at a time.
 */
public final class Crowd implements AutoCloseable {

  /** Linux answers for all of 127.0.0.0/8. */
  private static final int ADDRESSES = 8;

  private static final int TOGETHER = 100;

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final InetSocketAddress server;
  private final List<Socket> members = new ArrayList<>();
  private int served;

  /** Nobody yet. */
  public Crowd(InetSocketAddress server) {
    this.server = server;
  }

  /**
   * Lets more come, until there are that many: some at a time, so that a server which looks at all
   * of its clients for each that comes is not asked to do so too often.
   *
   * @param progress told of each
   * @throws LoadException if the server refuses one, keeps it waiting or gives it a wrong reply
   */
  public void growTo(int size, Runnable progress) throws LoadException, InterruptedException {
    while (members.size() < size) {
      if (Thread.interrupted()) {
        throw new InterruptedException("interrupted in a crowd");
      }
      try {
        while (members.size() < Math.min(size, served + TOGETHER)) {
          join();
        }
        while (served < members.size()) {
          hear(members.get(served));
          served++;
          progress.run();
        }
      } catch (IOException e) {
        throw new LoadException("connection %d of %d".formatted(served + 1, size), e);
      }
    }
  }

  /** How many have been served. */
  public int size() {
    return served;
  }

  private void join() throws IOException {
    Socket socket = new Socket();
    members.add(socket);
    if (server.getAddress() instanceof Inet4Address) { // IPv6 has one loopback address only.
      byte[] source = {127, 0, 0, (byte) (2 + members.size() % ADDRESSES)};
      socket.bind(new InetSocketAddress(InetAddress.getByAddress(source), 0));
    }
    socket.connect(server, (int) PATIENCE.toMillis());
    socket.getOutputStream().write('a');
  }

  private static void hear(Socket socket) throws IOException {
    socket.setSoTimeout((int) PATIENCE.toMillis());
    int reply = socket.getInputStream().read();
    if (reply != 'A') {
      throw new IOException("the reply to 0x61 is " + reply);
    }
  }

  /** All of them leave. */
  @Override
  public void close() {
    for (Socket socket : members) {
      try {
        socket.close();
      } catch (IOException _) {
        // There is nothing left to save.
      }
    }
    members.clear();
    served = 0;
  }
}
