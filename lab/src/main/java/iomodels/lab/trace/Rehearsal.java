package iomodels.lab.trace;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;

/**
 * Three clients who were there before those that count: a server that has never served has its code
 * to load first, and threads to start. They take their leave in order, since there are servers that
 * a reset ends.
 */
final class Rehearsal implements AutoCloseable {

  private static final int CLIENTS = 3;
  private static final int MESSAGES = 50;

  /** So often, so much: until a JVM has compiled what handles it. */
  private static final int LOADS = 40;

  /** Less than the sockets' buffers hold: who sends it need not read meanwhile. */
  private static final byte[] LOAD = new byte[64 * 1024];

  private static final byte[] MESSAGE = {'r', 'e', 'h', 'e', '\n'};

  /** A server that serves one client at a time lets the others wait. */
  private static final int PATIENCE_MILLIS = 250;

  private final List<Socket> clients = new ArrayList<>();

  /**
   * Talks with a server, and leaves the connections open.
   *
   * @throws IOException if it takes none
   */
  Rehearsal(InetSocketAddress server) throws IOException {
    for (int i = 0; i < CLIENTS; i++) {
      Socket socket = new Socket();
      try {
        socket.connect(server, PATIENCE_MILLIS);
      } catch (IOException e) {
        socket.close();
        if (clients.isEmpty()) {
          throw e;
        }
        return; // It has no room for more at a time, not even in its queue.
      }
      clients.add(socket);
      try {
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLIS);
        talk(socket);
      } catch (IOException _) {
        // It has ended the connection, as it may.
      }
    }
  }

  private static void talk(Socket socket) throws IOException {
    for (int i = 0; i < MESSAGES + LOADS; i++) {
      if (!isAnswered(socket, i < MESSAGES ? MESSAGE : LOAD)) {
        return;
      }
    }
  }

  /** Whether it answers with as many bytes; it may serve somebody else, or say less. */
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
          // what is owed
        }
      } catch (IOException _) {
        // It did not say goodbye.
      }
    }
  }
}
