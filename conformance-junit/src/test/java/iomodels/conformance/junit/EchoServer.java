package iomodels.conformance.junit;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A server as another project may have it: a virtual thread for each connection. */
class EchoServer implements AutoCloseable {

  private final ServerSocket listener;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  EchoServer(int port) throws IOException {
    listener = new ServerSocket(port, 1024, InetAddress.getLoopbackAddress());
    Thread.startVirtualThread(this::accept);
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = listener.accept();
        open.add(socket);
        Thread.startVirtualThread(() -> converse(socket));
      }
    } catch (IOException _) {
      // The listener was closed.
    }
  }

  private void converse(Socket socket) {
    try (socket) {
      echo(socket.getInputStream(), socket.getOutputStream());
    } catch (IOException _) {
      // The client has gone.
    } finally {
      open.remove(socket);
    }
  }

  void echo(InputStream in, OutputStream out) throws IOException {
    in.transferTo(out);
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket each : open) {
      each.close();
    }
  }
}
