package iomodels.wrong.tutorial;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.function.Consumer;

/**
 * The first server of every socket tutorial: accept, receive, send, one client at a time. A client
 * that resets its connection ends it, as the exception does in Python.
 */
final class BlockingTutorial {

  private BlockingTutorial() {}

  /** Serves until an exception is thrown; calls {@code listening} once the socket is bound. */
  static void serve(InetSocketAddress address, Consumer<ServerSocketChannel> listening)
      throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open()) { // server = socket.socket()
      server.setOption(StandardSocketOptions.SO_REUSEADDR, false); // Python's default
      server.bind(address, 5); // server.bind(address); server.listen(5)
      listening.accept(server);
      ByteBuffer data = ByteBuffer.allocate(1024);
      while (true) {
        // tag::accept[]
        try (SocketChannel conn = server.accept()) { // conn, addr = server.accept()
          // end::accept[]
          // tag::converse[]
          // tag::wait[]
          while (conn.read(data.clear()) > 0) { // data = conn.recv(1024); if not data: break
            // end::wait[]
            conn.write(Bytes.upper(data.flip())); // conn.send(data.upper())
          }
          // end::converse[]
          // tag::close[]
        } // conn.close()
        // end::close[]
      }
    }
  }
}
