package iomodels.lab.trace;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;

/**
 * Three clients that warm a server up before the recorded ones: a new server has to load code and
 * start threads. They close in an orderly way, because a reset ends some servers.
 */
final class WarmUpClients implements AutoCloseable {

  private static final int CLIENTS = 3;
  private static final int MESSAGES = 50;

  /** Number of large messages: enough for a JVM to compile the code. */
  private static final int LOADS = 40;

  /** Smaller than the sockets' buffers: the client can send all of it before it reads. */
  private static final byte[] LOAD = new byte[64 * 1024];

  private static final byte[] MESSAGE = {'r', 'e', 'h', 'e', '\n'};

  /** Short, because a server may serve one client at a time. */
  private static final int PATIENCE_MILLIS = 250;

  private final List<Socket> clients = new ArrayList<>();

  /**
   * Exchanges messages with a server, and leaves the connections open.
   *
   * @throws IOException if the server accepts no connection
   */
  WarmUpClients(InetSocketAddress server) throws IOException {
    for (int i = 0; i < CLIENTS; i++) {
      Socket socket = new Socket();
      try {
        socket.connect(server, PATIENCE_MILLIS);
      } catch (IOException e) {
        socket.close();
        if (clients.isEmpty()) {
          throw e;
        }
        return; // The server serves fewer, and its accept backlog is full.
      }
      clients.add(socket);
      try {
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLIS);
        exchangeMessages(socket);
      } catch (IOException _) {
        // A server may close a connection.
      }
    }
  }

  private static void exchangeMessages(Socket socket) throws IOException {
    for (int i = 0; i < MESSAGES + LOADS; i++) {
      if (!isAnswered(socket, i < MESSAGES ? MESSAGE : LOAD)) {
        return;
      }
    }
  }

  /** Whether a reply of the same length arrives; the server may be serving another client. */
  private static boolean isAnswered(Socket socket, byte[] message) throws IOException {
    socket.getOutputStream().write(message);
    try {
      return socket.getInputStream().readNBytes(message.length).length == message.length;
    } catch (SocketTimeoutException _) {
      return false;
    }
  }

  @Override
  public void close() {
    byte[] rest = new byte[64 * 1024];
    for (Socket socket : clients) {
      try (socket) {
        socket.shutdownOutput();
        while (socket.getInputStream().read(rest) >= 0) {
          // Discards the outstanding replies.
        }
      } catch (IOException _) {
        // The server has reset the connection.
      }
    }
  }
}
