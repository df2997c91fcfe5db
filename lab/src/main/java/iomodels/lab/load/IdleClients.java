package iomodels.lab.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Many clients that are served once and then keep their connection open without sending. They send
 * a first message because a server may allocate nothing for a connection before that.
 *
 * <p>They connect from several loopback addresses, each of which has ports of its own. For use by
 * one thread at a time.
 */
public final class IdleClients implements ClientCrowd {

  /** How many connect before the first of them is waited for. */
  private static final int BATCH = 100;

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final InetSocketAddress server;
  private final List<Socket> clients = new ArrayList<>();
  private int served;

  /** Creates an empty set of clients. */
  public IdleClients(InetSocketAddress server) {
    this.server = server;
  }

  /**
   * {@inheritDoc}
   *
   * <p>They connect in batches: a server that scans all of its clients for each event then scans
   * them less often.
   */
  @Override
  public void growTo(int size, Runnable progress) throws LoadException, InterruptedException {
    while (clients.size() < size) {
      if (Thread.interrupted()) {
        throw new InterruptedException("interrupted while clients connect");
      }
      try {
        while (clients.size() < Math.min(size, served + BATCH)) {
          connect();
        }
        while (served < clients.size()) {
          receive(clients.get(served));
          served++;
          progress.run();
        }
      } catch (IOException e) {
        throw new LoadException("connection %d of %d".formatted(served + 1, size), e);
      }
    }
  }

  /** Number of clients that have been served. */
  public int size() {
    return served;
  }

  private void connect() throws IOException {
    Socket socket = new Socket();
    clients.add(socket);
    Optional<InetSocketAddress> source = LoopbackSources.of(server, clients.size());
    if (source.isPresent()) {
      socket.bind(source.get());
    }
    socket.connect(server, (int) PATIENCE.toMillis());
    socket.getOutputStream().write('a');
  }

  private static void receive(Socket socket) throws IOException {
    socket.setSoTimeout((int) PATIENCE.toMillis());
    int reply = socket.getInputStream().read();
    if (reply != 'A') {
      throw new IOException("the reply to 0x61 is " + reply);
    }
  }

  /** Closes all connections. */
  @Override
  public void close() {
    for (Socket socket : clients) {
      try {
        socket.close();
      } catch (IOException _) {
        // The client is done anyway.
      }
    }
    clients.clear();
    served = 0;
  }
}
