package iomodels.wrong.tutorial;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The non-blocking server of the tutorials on I/O models. It polls every socket in turn, which
 * keeps a core busy, and assumes that one send writes everything. Where Python raises
 * BlockingIOError, a Java channel returns null or 0.
 */
final class PollingTutorial {

  private record Item(SocketChannel sock, ByteBuffer data) {}

  private PollingTutorial() {}

  /** Serves until an exception is thrown; calls {@code listening} once the socket is bound. */
  static void serve(InetSocketAddress address, Consumer<ServerSocketChannel> listening)
      throws IOException {
    List<SocketChannel> rlist = new ArrayList<>();
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.setOption(StandardSocketOptions.SO_REUSEADDR, false); // Python's default
      server.bind(address, 5).configureBlocking(false); // server.setblocking(False)
      listening.accept(server);
      List<Item> wlist = new ArrayList<>();
      // tag::wait[]
      while (true) {
        // tag::accept[]
        SocketChannel conn = server.accept();
        if (conn != null) { // try: conn, addr = server.accept(); rlist.append(conn)
          conn.configureBlocking(false);
          rlist.add(conn);
          continue;
        } // except BlockingIOError:
        // end::accept[]
        // tag::converse[]
        for (SocketChannel sock : List.copyOf(rlist)) {
          receive(sock, rlist, wlist);
        }
        for (Item item : List.copyOf(wlist)) {
          if (item.sock.write(item.data) > 0) { // sock.send(data): the rest is dropped
            wlist.remove(item); // del_wlist.append(item), and later wlist.remove(item)
          }
        }
        // end::converse[]
      }
      // end::wait[]
    } finally {
      for (SocketChannel sock : rlist) {
        sock.close(); // in Python, the end of the process closes them
      }
    }
  }

  // tag::converse[]
  private static void receive(SocketChannel sock, List<SocketChannel> rlist, List<Item> wlist)
      throws IOException {
    int n = -1;
    ByteBuffer data = ByteBuffer.allocate(1024);
    try {
      n = sock.read(data); // data = sock.recv(1024)
    } catch (IOException e) {
      // except Exception: treated as a close
    }
    if (n > 0) {
      wlist.add(new Item(sock, Bytes.upper(data.flip()))); // wlist.append((sock, data.upper()))
    } else if (n < 0) { // if not data:
      // tag::close[]
      sock.close();
      rlist.remove(sock); // del_rlist.append(sock), and later rlist.remove(sock)
      // end::close[]
    }
  }

  // end::converse[]
}
